/** Of a framed phone, the page around it: a click anywhere there, or in another of its phones, lets this one be heard. */
const soundingPage = (): Window & typeof globalThis => {
  try {
    return window.parent.document === null ? window : (window.parent as Window & typeof globalThis);
  } catch {
    return window;
  }
};

interface Tone {
  /** Hertz, together. */
  readonly pitches: readonly number[];
  /** Seconds at which it begins and ends, of each period. */
  readonly bursts: readonly (readonly [number, number])[];
  readonly period: number;
  readonly volume: number;
}

const RING: Tone = {
  pitches: [523.25, 659.25],
  bursts: [
    [0, 0.4],
    [0.6, 1],
  ],
  period: 2.4,
  volume: 0.06,
};
const RINGBACK: Tone = { pitches: [440, 480], bursts: [[0, 1.2]], period: 4, volume: 0.015 };

const SOFT = 0.03;

const schedule = (gain: AudioParam, { bursts, volume }: Tone, at: number): void => {
  for (const [from, to] of bursts) {
    gain.setValueAtTime(0, at + from);
    gain.linearRampToValueAtTime(volume, at + from + SOFT);
    gain.setValueAtTime(volume, at + to - SOFT);
    gain.linearRampToValueAtTime(0, at + to);
  }
};

/** Rings by itself until it is stopped. Browsers let a page be heard after a person's first click in it: before, it is silent. */
export class RingSound {
  #context: AudioContext | null = null;
  #stopPlaying: (() => void) | null = null;

  /** Called on a person's click, which is what lets a page be heard. */
  unlock(): void {
    this.#context ??= this.#newContext();
    if (this.#context?.state === 'suspended') void this.#context.resume();
  }

  ring(): void {
    this.#play(RING);
  }

  ringBack(): void {
    this.#play(RINGBACK);
  }

  stop(): void {
    this.#stopPlaying?.();
    this.#stopPlaying = null;
  }

  #newContext(): AudioContext | null {
    const { AudioContext: Context } = soundingPage();
    return typeof Context === 'function' ? new Context() : null;
  }

  #play(tone: Tone): void {
    this.stop();
    this.unlock();
    const context = this.#context;
    if (context === null) return;
    const gain = context.createGain();
    gain.gain.value = 0;
    gain.connect(context.destination);
    const voices = tone.pitches.map((pitch) => {
      const voice = context.createOscillator();
      voice.frequency.value = pitch;
      voice.connect(gain);
      voice.start();
      return voice;
    });
    const next = (): void => schedule(gain.gain, tone, context.currentTime);
    next();
    const timer = setInterval(next, tone.period * 1000);
    this.#stopPlaying = () => {
      clearInterval(timer);
      for (const voice of voices) voice.stop();
      gain.disconnect();
    };
  }
}
