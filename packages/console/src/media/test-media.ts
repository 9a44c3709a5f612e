const WIDTH = 320;
const HEIGHT = 240;
const FRAMES_PER_SECOND = 15;
const HUES = 360;

const hueOf = (text: string): number => [...text].reduce((sum, letter) => sum * 31 + (letter.codePointAt(0) ?? 0), 7) % HUES;

const drawFrame = (pen: CanvasRenderingContext2D, name: string, hue: number): void => {
  const turn = performance.now() / 1000;
  pen.fillStyle = `hsl(${hue} 45% 24%)`;
  pen.fillRect(0, 0, WIDTH, HEIGHT);
  for (let ring = 0; ring < 4; ring += 1) {
    pen.beginPath();
    pen.strokeStyle = `hsl(${hue} 60% ${44 + ring * 9}%)`;
    pen.lineWidth = 7;
    pen.arc(WIDTH / 2, HEIGHT / 2 - 16, 22 + ring * 17, turn * (1 + ring / 3), turn * (1 + ring / 3) + 4.2);
    pen.stroke();
  }
  pen.fillStyle = '#fff';
  pen.textAlign = 'center';
  pen.font = '600 26px system-ui, sans-serif';
  pen.fillText(name, WIDTH / 2, HEIGHT - 34, WIDTH - 20);
  pen.font = '15px ui-monospace, monospace';
  pen.fillText(new Date().toISOString().slice(11, 21), WIDTH / 2, HEIGHT - 12);
};

/** Sound and picture that need no device and no permission; `stop` ends them. */
export interface TestMedia {
  readonly stream: MediaStream;
  stop(): void;
}

export const startTestMedia = (name: string, withVideo: boolean): TestMedia => {
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  const quiet = audio.createGain();
  const out = audio.createMediaStreamDestination();
  tone.frequency.value = 220 + (hueOf(name) % 200);
  quiet.gain.value = 0.05;
  tone.connect(quiet).connect(out);
  tone.start();
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const pen = canvas.getContext('2d');
  const hue = hueOf(name);
  const draw = (): void => {
    if (pen !== null) drawFrame(pen, name, hue);
  };
  draw();
  const timer = withVideo ? setInterval(draw, 1000 / FRAMES_PER_SECOND) : undefined;
  const stream = new MediaStream([...out.stream.getTracks(), ...(withVideo ? canvas.captureStream(FRAMES_PER_SECOND).getTracks() : [])]);
  return {
    stream,
    stop: () => {
      clearInterval(timer);
      for (const track of stream.getTracks()) track.stop();
      void audio.close();
    },
  };
};
