/** One participant of one call, for a while. */
export interface MediaParty {
  readonly userId: string;
  readonly room: string;
  readonly side: 'caller' | 'callee';
  readonly ttlSeconds: number;
}
