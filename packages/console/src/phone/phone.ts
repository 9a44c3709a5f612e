import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { CallType } from '@trunkline/contract';
import { Chat } from '../chat/chat.ts';
import { type ChatListener, type ChatWire, libraryChat, socketChat } from '../chat/chat-wire.ts';
import { readIceServers } from '../media/ice-servers.ts';
import { MediaSession, type MediaSource } from '../media/media-session.ts';
import { mintId } from '../mint-id.ts';
import { mintToken } from '../shell/dev-door.ts';
import { OnlycareWire } from '../wires/onlycare-wire.ts';
import { RawWire } from '../wires/raw-wire.ts';
import { CHATTRIX, OTOMO } from '../wires/raw-words.ts';
import type { Ending, LinkState, LogEntry, Reply, Wire, WireNews, WireOptions } from '../wires/wire.ts';
import { type CallOnScreen, isLive } from './call-on-screen.ts';
import { keepCall, keptCall } from './kept-call.ts';
import type { DialectName, PhoneSettings } from './phone-settings.ts';
import type { RingSound } from './ring-sound.ts';

type Incoming = Extract<WireNews, { kind: 'incoming' }>;

export interface LoggedEntry extends LogEntry {
  readonly id: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

const MAX_LOGGED = 200;
/** The longest that a server lets a call ring: for dialects whose ring does not say. */
const LONGEST_RING_MS = 120_000;

/** How a device of that dialect speaks of calls, and of chats. */
const connectBy = (dialect: DialectName, options: WireOptions): { wire: Wire; startChat(listener: ChatListener): ChatWire } => {
  if (dialect === 'onlycare') {
    const wire = new OnlycareWire(options);
    return { wire, startChat: (listener) => libraryChat(wire.client, listener, options.log) };
  }
  const { url, restUrl, getToken, log } = options;
  const wire = new RawWire(dialect === 'chattrix' ? CHATTRIX : OTOMO, options);
  return { wire, startChat: (listener) => socketChat({ url, restUrl, getToken, log, listener }) };
};

export interface PhoneOptions {
  readonly settings: PhoneSettings;
  readonly gatewayUrl: string;
  readonly sound: RingSound;
  /** Null: one is minted at the front door of development. */
  readonly token: string | null;
}

/** A phone: one person's device on one gateway, and the call that it shows. */
export class Phone {
  readonly settings: PhoneSettings;
  readonly link = signal<LinkState>('connecting');
  readonly log = signal<readonly LoggedEntry[]>([]);
  /** What was refused last, until something else happens. */
  readonly refusal = signal<Extract<Reply, { ok: false }> | null>(null);
  readonly isPeerAway = signal(false);
  /** Sound and picture of the call that is answered. */
  readonly media = signal<MediaSession | null>(null);
  readonly mediaSource = signal<MediaSource>('test');
  /** Until a person asks for it, another phone beside this one would be heard twice. */
  readonly isSilent = signal(true);
  readonly chat: Chat;
  readonly wire: Wire;
  readonly #call: Signal<CallOnScreen | null>;
  readonly #sound: RingSound;
  readonly #getToken: () => Promise<string | null>;
  #logged = 0;
  #ringOut: ReturnType<typeof setTimeout> | undefined;

  constructor({ settings, gatewayUrl, sound, token }: PhoneOptions) {
    this.settings = settings;
    this.#call = signal(keptCall(settings));
    this.#sound = sound;
    const { userId, name, deviceId } = settings;
    this.#getToken = () => (token === null ? mintToken({ userId, name, deviceId }) : Promise.resolve(token));
    const { wire, startChat } = connectBy(settings.dialect, {
      url: gatewayUrl,
      restUrl: location.origin,
      getToken: this.#getToken,
      hear: (news) => this.#hear(news),
      log: (entry) => this.#note(entry),
    });
    this.wire = wire;
    this.chat = new Chat(userId, startChat);
  }

  get call(): ReadonlySignal<CallOnScreen | null> {
    return this.#call;
  }

  readonly isBusy = computed(() => isLive(this.#call.value));

  async place(calleeId: string, callType: CallType): Promise<void> {
    if (isLive(this.#call.value)) return;
    const callId = mintId();
    this.#show({ id: callId, peerId: calleeId, peerName: calleeId, direction: 'outgoing', callType, stage: 'placing', isPlaced: false });
    this.#sound.ringBack();
    const { ringSeconds } = this.settings;
    const wish = ringSeconds === null ? {} : { ringTimeoutSeconds: ringSeconds };
    const reply = await this.wire.place({ callId, calleeId, callType, ...wish });
    if (reply.ok) this.#change(callId, { isPlaced: true });
    else this.#finish(callId, { how: 'failed', reason: reply.message, by: null, durationSeconds: null });
  }

  async accept(): Promise<void> {
    const call = this.#call.value;
    if (call?.stage !== 'incoming') return;
    this.#silence();
    this.#change(call.id, { stage: 'answering' });
    const reply = await this.wire.accept(call.id);
    if (reply.ok) this.#answered(call.id);
    else this.#refused(call.id, reply);
  }

  reject(): Promise<void> {
    return this.#leave('rejected', (id) => this.wire.reject(id));
  }

  cancel(): Promise<void> {
    return this.#leave('cancelled', (id) => this.wire.cancel(id));
  }

  end(): Promise<void> {
    return this.#leave('ended', (id) => this.wire.end(id));
  }

  /** Takes what is over off the screen. */
  dismiss(): void {
    if (!isLive(this.#call.value)) this.#call.value = null;
    this.refusal.value = null;
  }

  /** For this call, and those to come. */
  chooseMedia(source: MediaSource): void {
    this.mediaSource.value = source;
    void this.media.value?.choose(source);
  }

  close(): void {
    this.#silence();
    this.#endMedia();
    this.chat.close();
    this.wire.close();
  }

  async #leave(how: Ending['how'], act: (callId: string) => Promise<Reply>): Promise<void> {
    const call = this.#call.value;
    if (!isLive(call)) return;
    this.#silence();
    const reply = await act(call.id);
    if (reply.ok) this.#finish(call.id, { how, reason: '', by: this.settings.userId, durationSeconds: null });
    else this.#refused(call.id, reply);
  }

  #hear<Kind extends WireNews['kind']>(news: Extract<WireNews, { kind: Kind }>): void {
    batch(() => this.#told[news.kind as Kind](news));
  }

  readonly #told: { readonly [Kind in WireNews['kind']]: (news: Extract<WireNews, { kind: Kind }>) => void } = {
    link: ({ state }) => this.#linked(state),
    incoming: (ring) => this.#rung(ring),
    ringing: ({ callId }) => this.#ringsThere(callId),
    accepted: ({ callId }) => this.#answered(callId),
    over: ({ callId, ending }) => this.#finish(callId, ending),
    signal: (signalled) => this.#signalled(signalled),
    presence: ({ userId, isOnline }) => {
      if (userId === this.#call.value?.peerId) this.isPeerAway.value = !isOnline;
    },
  };

  #linked(state: LinkState): void {
    this.link.value = state;
    if (state !== 'connected') return;
    if (this.refusal.value?.code === 'unreachable') this.refusal.value = null;
    const call = this.#call.value;
    // Of a call that is being placed, the server may not know yet.
    if (isLive(call) && call.stage !== 'placing') this.wire.lookUp(call.id);
  }

  #signalled({ callId, signal: heard }: Extract<WireNews, { kind: 'signal' }>): void {
    if (this.#call.value?.id !== callId || !isLive(this.#call.value)) return;
    // It may be faster than the answer to the accept.
    this.#answered(callId);
    this.media.value?.hear(heard);
  }

  #rung({ callId, callerId, callerName, callType, ringMs }: Incoming): void {
    const current = this.#call.value;
    if (current?.id === callId && current.stage !== 'over') return;
    // A phone shows one call: who calls meanwhile rings on, and hears that nobody answers.
    if (isLive(current)) return;
    const ringsUntil = ringMs === null ? null : performance.now() + ringMs;
    this.#show({ id: callId, peerId: callerId, peerName: callerName, direction: 'incoming', callType, stage: 'incoming', ringsUntil });
    this.wire.acknowledge(callId);
    this.#sound.ring();
    this.#ringOut = setTimeout(
      () => this.#finish(callId, { how: 'timeout', reason: '', by: null, durationSeconds: null }),
      ringMs ?? LONGEST_RING_MS,
    );
  }

  #ringsThere(callId: string): void {
    if (this.#call.value?.stage === 'placing') this.#change(callId, { stage: 'ringing' });
  }

  #answered(callId: string): void {
    const call = this.#call.value;
    if (call?.id !== callId || !isLive(call) || call.answeredAt !== null) return;
    this.#silence();
    this.#change(callId, { stage: 'connecting', answeredAt: performance.now() });
    this.#startMedia(call);
  }

  #startMedia({ id, peerId, callType }: CallOnScreen): void {
    const { userId, name } = this.settings;
    const media = new MediaSession({
      name,
      callType,
      // Either side knows both names, also where they rang each other.
      isOfferer: userId < peerId,
      source: this.mediaSource.value,
      findIceServers: async () => readIceServers(location.origin, id, await this.#getToken()),
      send: (heard) => void this.wire.signal(id, heard),
      onConnected: () => void this.#mediaConnected(id),
    });
    this.media.value = media;
    void media.start();
  }

  #endMedia(): void {
    this.media.value?.close();
    this.media.value = null;
  }

  async #mediaConnected(callId: string): Promise<void> {
    if (this.#call.value?.id !== callId || this.#call.value.stage !== 'connecting') return;
    this.#change(callId, { stage: 'active' });
    await this.wire.connected(callId);
  }

  #finish(callId: string, ending: Ending): void {
    const call = this.#call.value;
    if (call?.id !== callId || !isLive(call)) return;
    this.#silence();
    this.#endMedia();
    const durationSeconds = ending.durationSeconds ?? (call.answeredAt === null ? null : (performance.now() - call.answeredAt) / 1000);
    this.#change(callId, { stage: 'over', ending: { ...ending, durationSeconds } });
  }

  /** A command came too late or went nowhere. The event that says what won instead comes by itself. */
  #refused(callId: string, reply: Extract<Reply, { ok: false }>): void {
    if (this.#call.value?.id !== callId) return;
    this.refusal.value = reply;
    if (this.#call.value.stage === 'answering')
      this.#finish(callId, { how: 'failed', reason: reply.message, by: null, durationSeconds: null });
  }

  #show(call: Omit<CallOnScreen, 'isPlaced' | 'ringsUntil' | 'answeredAt' | 'ending'> & Partial<CallOnScreen>): void {
    this.refusal.value = null;
    this.isPeerAway.value = false;
    this.#put({ isPlaced: true, ringsUntil: null, answeredAt: null, ending: null, ...call });
  }

  #change(callId: string, changes: Partial<CallOnScreen>): void {
    const call = this.#call.value;
    if (call?.id === callId) this.#put({ ...call, ...changes });
  }

  #put(call: CallOnScreen): void {
    this.#call.value = call;
    keepCall(this.settings, call);
  }

  #silence(): void {
    clearTimeout(this.#ringOut);
    this.#sound.stop();
  }

  #note(entry: LogEntry): void {
    this.#logged += 1;
    this.log.value = [...this.log.value.slice(1 - MAX_LOGGED), { ...entry, id: this.#logged, at: Date.now() }];
  }
}
