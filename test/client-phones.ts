import {
  type Call,
  type Client,
  type ClientEvents,
  type ConnectOptions,
  connect,
  type IncomingCall,
  type OutgoingCall,
} from '@trunkline/client';
import { mintToken, type System, type TokenClaims, until } from '@trunkline/testing';

type Told = { readonly [Name in keyof ClientEvents]: { readonly name: Name; readonly event: ClientEvents[Name] } }[keyof ClientEvents];

export const EVENTS: Readonly<Record<keyof ClientEvents, true>> = {
  incoming: true,
  ringing: true,
  accepted: true,
  rejected: true,
  cancelled: true,
  timeout: true,
  ended: true,
  failed: true,
  quality: true,
  signal: true,
  stopped: true,
  state: true,
  presence: true,
  connection: true,
  elsewhere: true,
  error: true,
};

/** An app that uses the client library, and writes down all that it hears. */
export interface ClientPhone extends Disposable {
  readonly client: Client;
  readonly userId: string;
  readonly told: readonly Told[];
  /** The names of what was told of one call, without its states. */
  namesFor(callId: string): string[];
  /** Resolves when it is connected. */
  connected(): Promise<unknown>;
  /** Resolves with the call of that id, or any, that rings or rang here. */
  rings(callId?: string): Promise<IncomingCall>;
}

export interface ClientPhoneOptions extends Partial<ConnectOptions> {
  readonly claims?: TokenClaims;
}

const callIn = (event: object): Call | null => ('call' in event ? (event.call as Call) : null);

/** A client of that user at these gateways, in this order. */
export const clientPhone = async (
  system: System,
  gateways: readonly number[],
  userId: string,
  { claims, ...options }: ClientPhoneOptions = {},
): Promise<ClientPhone> => {
  const given = options.getToken === undefined ? { token: await mintToken(userId, claims) } : {};
  const client = connect({
    url: gateways.map((gateway) => system.gateways[gateway]?.url as string),
    restUrl: system.callServices[0]?.url as string,
    reconnect: { busyMs: 200, maxMs: 400 },
    ...given,
    ...options,
  });
  const told: Told[] = [];
  for (const name of Object.keys(EVENTS) as (keyof ClientEvents)[]) client.on(name, (event) => told.push({ name, event } as Told));
  const ringFor = (callId?: string): IncomingCall | undefined => {
    const rings = told.flatMap((one) => (one.name === 'incoming' ? [one.event.call] : []));
    return rings.find(({ id }) => callId === undefined || id === callId);
  };
  return {
    client,
    userId,
    told,
    namesFor: (callId) =>
      told.flatMap(({ name, event }) => (name !== 'state' && name !== 'elsewhere' && callIn(event)?.id === callId ? [name] : [])),
    connected: () => until(`${userId} is connected`, () => client.connection.status === 'connected'),
    rings: (callId) => until(`${userId} rings`, () => ringFor(callId)),
    [Symbol.dispose]: () => client.close(),
  };
};

/** Places a call and waits until it rings on both sides. */
export const ringBetween = async (
  caller: ClientPhone,
  callee: ClientPhone,
  options: Parameters<Client['place']>[1] = {},
): Promise<{ out: OutgoingCall; incoming: IncomingCall }> => {
  const out = caller.client.place(callee.userId, options);
  await out.placed;
  const incoming = await callee.rings(out.id);
  await until('the caller hears it ring', () => out.state === 'RINGING');
  return { out, incoming };
};
