import type { CallSignal } from '@trunkline/contract';

export interface PeerOptions {
  /** Of two devices, one makes the offer. */
  readonly isOfferer: boolean;
  readonly stream: MediaStream;
  readonly iceServers: RTCIceServer[];
  send(signal: CallSignal): void;
  onState(state: RTCPeerConnectionState): void;
  onRemote(stream: MediaStream): void;
}

const SAY_AGAIN_MS = 2500;
const MAX_OFFERS = 6;

type Description = Extract<CallSignal, { sdp: string }>;
type Candidate = Extract<CallSignal, { candidate: string }>;

/** A WebRTC connection to the other device. Signals are heard or lost, so an offer is said again until it is answered. */
export class Peer {
  readonly #options: PeerOptions;
  readonly #connection: RTCPeerConnection;
  readonly #early: Candidate[] = [];
  #working: Promise<void>;
  #again: ReturnType<typeof setInterval> | undefined;

  constructor(options: PeerOptions) {
    this.#options = options;
    const { stream, iceServers, isOfferer, send, onState, onRemote } = options;
    const connection = new RTCPeerConnection({ iceServers });
    this.#connection = connection;
    for (const track of stream.getTracks()) connection.addTrack(track, stream);
    connection.ontrack = ({ streams: [remote] }) => {
      if (remote !== undefined) onRemote(remote);
    };
    connection.onconnectionstatechange = () => onState(connection.connectionState);
    connection.onicecandidate = ({ candidate }) => {
      if (candidate === null) return;
      const { candidate: text, sdpMid, sdpMLineIndex, usernameFragment } = candidate;
      send({ type: 'candidate', candidate: text, sdpMid, sdpMLineIndex, usernameFragment });
    };
    this.#working = isOfferer ? this.#offer() : Promise.resolve();
  }

  /** One after another: a candidate waits for the description that it belongs to. */
  hear(signal: CallSignal): void {
    this.#working = this.#working.then(() => this.#take(signal)).catch(() => undefined);
  }

  /** Sends another sound and picture from now on. */
  async replace(stream: MediaStream): Promise<void> {
    const senders = this.#connection.getSenders();
    await Promise.all(stream.getTracks().map((track) => senders.find((sender) => sender.track?.kind === track.kind)?.replaceTrack(track)));
  }

  /** Bytes that have come. */
  async received(): Promise<number> {
    let bytes = 0;
    for (const report of (await this.#connection.getStats()).values()) if (report.type === 'inbound-rtp') bytes += report.bytesReceived;
    return bytes;
  }

  close(): void {
    clearInterval(this.#again);
    this.#connection.close();
  }

  async #offer(): Promise<void> {
    await this.#connection.setLocalDescription();
    this.#sayDescription();
    let offers = 1;
    this.#again = setInterval(() => {
      offers += 1;
      if (this.#connection.remoteDescription !== null || offers > MAX_OFFERS) clearInterval(this.#again);
      else this.#sayDescription();
    }, SAY_AGAIN_MS);
  }

  #sayDescription(): void {
    const description = this.#connection.localDescription;
    if (description !== null) this.#options.send({ type: description.type as Description['type'], sdp: description.sdp });
  }

  async #take(signal: CallSignal): Promise<void> {
    if (signal.type !== 'candidate') return this.#describe(signal);
    if (this.#connection.remoteDescription === null) this.#early.push(signal);
    else await this.#add(signal);
  }

  async #describe(signal: Description): Promise<void> {
    const connection = this.#connection;
    // The answer to an offer that was heard before was lost.
    if (connection.remoteDescription !== null) return signal.type === 'offer' ? this.#sayDescription() : undefined;
    await connection.setRemoteDescription(signal);
    for (const candidate of this.#early.splice(0)) await this.#add(candidate);
    if (signal.type !== 'offer') return;
    await connection.setLocalDescription();
    this.#sayDescription();
  }

  async #add({ candidate, sdpMid, sdpMLineIndex, usernameFragment }: Candidate): Promise<void> {
    await this.#connection.addIceCandidate({
      candidate,
      sdpMid: sdpMid ?? null,
      sdpMLineIndex: sdpMLineIndex ?? null,
      usernameFragment: usernameFragment ?? null,
    });
  }
}
