import { Hearing } from '../hearing.ts';
import type { Heard, HeardKind, Phone } from './phone.ts';

/** Which of a dialect's own event names says what. Names that are not listed are no event of a call. */
export type KindOf = ReadonlyMap<string, HeardKind>;

/** The fields that a frame may have, in any dialect. */
interface Body {
  callId?: string | null;
  reason?: string;
}

/** The listening half of a phone. */
export class Listening implements Pick<Phone, 'heard' | 'hears' | 'kindsFor'> {
  readonly #hearing = new Hearing<Heard>();
  readonly #kinds: KindOf;

  constructor(kinds: KindOf) {
    this.#kinds = kinds;
  }

  get heard(): readonly Heard[] {
    return this.#hearing.items;
  }

  /** Takes a frame whose event is `name` and whose fields are in `body`. */
  take(name: string, body: Body | undefined, frame: unknown): void {
    const kind = this.#kinds.get(name);
    if (kind === undefined) return;
    const reason = body?.reason;
    this.#hearing.add({ kind, callId: body?.callId ?? null, ...(reason === undefined ? {} : { reason }), frame });
  }

  readonly hears = (kind: HeardKind, callId: string): Promise<Heard> =>
    this.#hearing.first(`${kind} of ${callId}`, (heard) => heard.kind === kind && heard.callId === callId);

  readonly kindsFor = (callId: string): HeardKind[] => this.heard.filter((heard) => heard.callId === callId).map(({ kind }) => kind);
}
