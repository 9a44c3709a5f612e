import type { Child } from './child.ts';

/** What the database says of the calls, when all of them should be over. */
export interface Ledger {
  calls: number;
  /** Calls that are in another state than they should be. */
  wrong: number;
  /** Calls whose end is not noted exactly once. */
  notOnce: number;
  /** Events that are not known to be published. */
  unpublished: number;
}

/** What the database says of chat messages. */
export interface StoredMessages {
  /** How the load counted them, from the number asked for. */
  numbers: number[];
  /** Chats whose own numbering has a gap or a repetition; 0 where the system has none. */
  gaps: number;
  unpublished: number;
}

/** A system under test, as processes of its own on a database of its own. */
export interface System extends AsyncDisposable {
  readonly name: string;
  readonly gateways: readonly Child[];
  /** All processes whose CPU counts as the server's at the moment, gateways included, idle ones too. */
  readonly processes: readonly Child[];
  /** More gateways, to which nobody connects, until they are disposed of. */
  addIdleGateways(count: number): Promise<AsyncDisposable>;
  mintToken(userId: string): Promise<string>;
  /** How many sessions the system knows to be open. */
  openSessions(): Promise<number>;
  /** Reads the books, once nothing is under way any more. */
  ledger(finalState: string): Promise<Ledger>;
  /** Makes a chat for each two users; resolves with their ids, in order. */
  openChats(members: readonly (readonly [string, string])[]): Promise<string[]>;
  /** Reads the messages from this number on, once nothing is under way any more. */
  storedMessages(first: number): Promise<StoredMessages>;
}
