import { signal } from '@preact/signals';
import type { CallSignal, CallType } from '@trunkline/contract';
import { Peer } from './peer.ts';
import { startTestMedia, type TestMedia } from './test-media.ts';

export type MediaSource = 'test' | 'camera';

export interface MediaSessionOptions {
  readonly name: string;
  readonly callType: CallType;
  readonly isOfferer: boolean;
  readonly source: MediaSource;
  /** By which it may reach the other device; none where none is set up. */
  findIceServers(): Promise<RTCIceServer[]>;
  send(signal: CallSignal): void;
  onConnected(): void;
}

const MEASURE_MS = 1000;

/** The sound and picture of one call, from its acceptance to its end. */
export class MediaSession {
  readonly state = signal<RTCPeerConnectionState>('new');
  readonly local = signal<MediaStream | null>(null);
  readonly remote = signal<MediaStream | null>(null);
  /** What comes in, in kbit/s. */
  readonly rate = signal<number | null>(null);
  readonly source = signal<MediaSource>('test');
  /** The camera was asked for, and is not to be had. */
  readonly isRefused = signal(false);
  readonly withVideo: boolean;
  readonly #options: MediaSessionOptions;
  readonly #early: CallSignal[] = [];
  #peer: Peer | null = null;
  #media: TestMedia | null = null;
  #measuring: ReturnType<typeof setInterval> | undefined;
  #isClosed = false;

  constructor(options: MediaSessionOptions) {
    this.#options = options;
    this.withVideo = options.callType === 'VIDEO';
  }

  async start(): Promise<void> {
    const [media, iceServers] = await Promise.all([this.#open(this.#options.source), this.#options.findIceServers()]);
    if (this.#isClosed) return media.stop();
    this.#use(media);
    const { isOfferer, send, onConnected } = this.#options;
    this.#peer = new Peer({
      isOfferer,
      stream: media.stream,
      iceServers,
      send,
      onRemote: (stream) => {
        this.remote.value = stream;
      },
      onState: (state) => {
        this.state.value = state;
        if (state === 'connected') onConnected();
      },
    });
    for (const early of this.#early.splice(0)) this.#peer.hear(early);
    this.#measure(this.#peer);
  }

  hear(heard: CallSignal): void {
    if (this.#peer === null) this.#early.push(heard);
    else this.#peer.hear(heard);
  }

  async choose(source: MediaSource): Promise<void> {
    if (source === this.source.value) return;
    const media = await this.#open(source);
    if (this.#isClosed) return media.stop();
    await this.#peer?.replace(media.stream);
    this.#use(media);
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#measuring);
    this.#peer?.close();
    this.#media?.stop();
  }

  #use(media: TestMedia): void {
    this.#media?.stop();
    this.#media = media;
    this.local.value = media.stream;
  }

  async #open(source: MediaSource): Promise<TestMedia> {
    const camera = source === 'camera' ? await this.#openCamera() : null;
    this.isRefused.value = source === 'camera' && camera === null;
    this.source.value = camera === null ? 'test' : 'camera';
    return camera ?? startTestMedia(this.#options.name, this.withVideo);
  }

  async #openCamera(): Promise<TestMedia | null> {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: this.withVideo });
      return {
        stream,
        stop: () => {
          for (const track of stream.getTracks()) track.stop();
        },
      };
    } catch {
      return null;
    }
  }

  #measure(peer: Peer): void {
    let before = 0;
    this.#measuring = setInterval(async () => {
      const bytes = await peer.received();
      this.rate.value = Math.round(((bytes - before) * 8) / MEASURE_MS);
      before = bytes;
    }, MEASURE_MS);
  }
}
