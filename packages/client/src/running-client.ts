import { fullJitter, waitWindow } from './backoff.ts';
import type { Call, OutgoingCall } from './call.ts';
import { CallRegister } from './call-register.ts';
import { ChatClient } from './chat/chat-client.ts';
import { chatsApi } from './chat/chats-api.ts';
import type { Client, ClientEvents, PlaceOptions } from './client.ts';
import { CommandQueue } from './command-queue.ts';
import { Emitter } from './emitter.ts';
import type { RingingCall } from './incoming-call.ts';
import { type ConnectionState, Link } from './link.ts';
import type { AskAbout, CallServices, Publish } from './live-call.ts';
import { LookUps } from './look-ups.ts';
import { mintId } from './mint-id.ts';
import { type ConnectOptions, type SettledOptions, settle } from './options.ts';
import { isFinalState } from './outcomes.ts';
import { type PushRegistration, pushRegistration } from './push/push-registration.ts';
import { type CallsApi, callsApi, type HistoryPage, type HistoryQuery } from './rest/calls-api.ts';
import { Rest } from './rest/rest.ts';
import { type Blocks, blocksApi, readPresence, type UserPresence } from './rest/users-api.ts';
import type { Session } from './session.ts';
import { TokenSource } from './token-source.ts';
import { asTrunklineError, closedError, TrunklineError } from './trunkline-error.ts';
import type { CallDone, ClientWords, ServerWords } from './wire.ts';

/** What is about no call that is held. */
type OtherWord = 'user_online' | 'user_offline' | 'call:error';

const RING_SHOWN_TIMEOUT_MS = 5000;
const REFRESH_AGAIN = { busyMs: 1000, maxMs: 10_000 };

/** The client that `connect` gives out: wires the connection, the commands, the calls and REST together. */
export class RunningClient extends Emitter<ClientEvents> implements Client {
  readonly blocks: Blocks;
  readonly push: PushRegistration;
  readonly #options: SettledOptions;
  readonly #tokens: TokenSource;
  readonly #link: Link;
  readonly #queue: CommandQueue;
  readonly #rest: Rest;
  readonly #callsApi: CallsApi;
  readonly #calls: CallRegister;
  readonly #lookUps: LookUps;
  readonly #services: CallServices;
  #chat: ChatClient | null = null;
  #wasConnected = false;

  constructor(options: ConnectOptions) {
    super();
    const settled = settle(options);
    const { urls, token, getToken, transports, connectTimeoutMs, reconnect, ackTimeoutMs, restTimeoutMs } = settled;
    this.#options = settled;
    this.#tokens = new TokenSource({
      token,
      getToken,
      renewBeforeMs: settled.renewTokenBeforeMs,
      onRenewed: () => void this.#refresh(),
      onFailed: this.#fail,
    });
    this.#link = new Link({
      urls,
      tokens: this.#tokens,
      transports,
      connectTimeoutMs,
      reconnect,
      isBusy: () => this.#queue.size > 0 || this.#calls.live.length > 0 || (this.#chat?.waiting ?? 0) > 0,
      onState: (state) => this.#onState(state),
      onOpen: (session) => this.#onOpen(session),
      onFrame: (word, body) => this.#onFrame(word, body),
      onTokenError: this.#fail,
    });
    this.#queue = new CommandQueue({ ackTimeoutMs, line: () => this.#link.session?.line ?? null, ...this.#watch });
    this.#rest = new Rest({ url: settled.restUrl, tokens: this.#tokens, timeoutMs: restTimeoutMs, fetch: (...args) => fetch(...args) });
    this.#callsApi = callsApi(this.#rest);
    this.blocks = blocksApi(this.#rest);
    this.push = pushRegistration(this.#rest);
    this.#lookUps = new LookUps({ read: (callId) => this.#callsApi.read(callId), held: (callId) => this.#calls.get(callId) });
    this.#services = this.#callServices();
    this.#calls = new CallRegister({
      services: this.#services,
      onIncoming: (call) => this.#onIncoming(call),
      onElsewhere: (event) => this.emit('elsewhere', event),
    });
    this.#link.start();
  }

  get userId(): string | null {
    return this.#tokens.userId;
  }

  get connection(): ConnectionState {
    return this.#link.state;
  }

  get calls(): readonly Call[] {
    return this.#calls.live;
  }

  get chat(): ChatClient {
    this.#chat ??= this.#startChat();
    return this.#chat;
  }

  place(calleeId: string, options: PlaceOptions = {}): OutgoingCall {
    const { callType = 'AUDIO', callId: id = mintId(), channelId, ringTimeoutSeconds, timeoutMs } = options;
    const facts = { id, peerId: calleeId, callType, channelId: channelId ?? id, state: 'INITIATING' } as const;
    return this.#calls.place(facts, { ringTimeoutSeconds, timeoutMs, channelId });
  }

  async resume(callId: string): Promise<Call | null> {
    if (this.#isClosed) throw closedError({ callId, wasSent: false });
    const held = this.#calls.get(callId);
    if (held !== undefined) return held.isOver ? null : held;
    const view = await this.#callsApi.read(callId);
    if (this.#isClosed) throw closedError({ callId });
    if (isFinalState(view.status) || this.#calls.isElsewhere(callId)) return null;
    // Of two people who called each other, one is told of the call under their own id for it.
    const call = this.#calls.adopt({ ...view, id: callId }, this.userId);
    return call.isOver ? null : call;
  }

  reconnectNow(): void {
    this.#link.reconnectNow();
  }

  close(): void {
    this.#link.close('closed');
  }

  [Symbol.dispose](): void {
    this.close();
  }

  history(query?: HistoryQuery): Promise<HistoryPage> {
    return this.#callsApi.history(query);
  }

  presence(userIds: readonly string[]): Promise<readonly UserPresence[]> {
    return readPresence(this.#rest, userIds);
  }

  get #isClosed(): boolean {
    return this.#link.state.status === 'closed';
  }

  /** What a queue tells the connection. */
  readonly #watch = { onAdded: () => this.#link.hurry(), onSilent: () => this.#link.drop() };

  readonly #fail = (error: unknown): void => this.emit('error', { error: asTrunklineError(error) });

  #callServices(): CallServices {
    const { commandTimeoutMs } = this.#options;
    return {
      ask: <Word extends keyof ClientWords>(word: Word, body: ClientWords[Word], about: AskAbout = {}) => {
        const { timeoutMs = commandTimeoutMs, beside = false, requestId = mintId() } = about;
        return this.#queue.ask<CallDone>(word, { ...body, requestId }, { lane: beside ? null : body.callId, timeoutMs });
      },
      withdraw: (callId) => this.#queue.withdraw(callId, 'call:initiate'),
      publish: ((name, event) => this.emit(name, event as ClientEvents[typeof name])) as Publish,
      lookUp: (callId) => this.#lookUps.lookUp(callId),
      media: (callId) => this.#callsApi.media(callId),
      merged: (callId) => this.#calls.merge(callId),
    };
  }

  #startChat(): ChatClient {
    const { ackTimeoutMs, commandTimeoutMs } = this.#options;
    const chat = new ChatClient({ api: chatsApi(this.#rest), ackTimeoutMs, commandTimeoutMs, ...this.#watch });
    if (this.#link.session !== null) this.#enterChat(this.#link.session, chat);
    if (this.#isClosed) chat.close();
    return chat;
  }

  #enterChat(session: Session, chat: ChatClient): void {
    session.enter('/chat', {
      onOpen: (line) => chat.connected(line),
      onFrame: (word, body) => chat.hear(word, body),
      onLost: () => chat.disconnected(),
    });
  }

  #onState(state: ConnectionState): void {
    if (state.status !== 'connected') this.#chat?.disconnected();
    if (state.status === 'closed') this.#closed();
    this.emit('connection', state);
  }

  #closed(): void {
    this.#queue.close();
    this.#chat?.close();
    this.#lookUps.close();
    for (const call of this.#calls.live) call.dispose();
  }

  #onOpen(session: Session): void {
    if (this.#chat !== null) this.#enterChat(session, this.#chat);
    this.#queue.connected();
    // Another token may have come while this one was presented.
    void this.#refresh();
    // The server's snapshot tells what it knows to be new; what it takes for told may have been lost on the way.
    if (this.#wasConnected) for (const call of this.#calls.live) if (!isUnplaced(call)) this.#lookUps.lookUp(call.id);
    this.#wasConnected = true;
  }

  #onFrame(word: string, body: unknown): void {
    if (typeof body !== 'object' || body === null) return;
    if (Object.hasOwn(this.#calls.hear, word)) this.#calls.hear[word as keyof CallRegister['hear']](body as never);
    else if (Object.hasOwn(this.#words, word)) this.#words[word as OtherWord](body as never);
  }

  readonly #words: { readonly [Word in OtherWord]: (body: ServerWords[Word]) => void } = {
    user_online: ({ userId }) => this.emit('presence', { userId, online: true }),
    user_offline: ({ userId }) => this.emit('presence', { userId, online: false }),
    'call:error': ({ errorType, message, callId }) => this.#fail(new TrunklineError(errorType, message, { callId: callId ?? undefined })),
  };

  #onIncoming(call: RingingCall): void {
    const isShown = this.hasListeners('incoming');
    this.emit('incoming', { call });
    if (!isShown || call.isOver) return;
    const said = this.#services.ask('call:ringing', { callId: call.id }, { timeoutMs: RING_SHOWN_TIMEOUT_MS, beside: true });
    // It is for the call's trace: whether it was heard changes nothing here.
    said.catch(() => undefined);
  }

  /** Gives the connection the latest token, again and again while the server cannot take it. */
  async #refresh(attempt = 0): Promise<void> {
    const { session } = this.#link;
    const { latest } = this.#tokens;
    if (session === null || latest === null || session.token === latest) return;
    const taken = await session.refresh(latest);
    if (this.#link.session !== session || this.#tokens.latest !== latest) return;
    if (taken === 'refused') this.#fail(new TrunklineError('unauthenticated', 'The renewed token was not taken'));
    if (taken === 'not_now') setTimeout(() => void this.#refresh(attempt + 1), fullJitter(waitWindow(REFRESH_AGAIN, attempt, true)));
  }
}

const isUnplaced = (call: ReturnType<CallRegister['get']>): boolean => call?.direction === 'outgoing' && call.isPlacing;
