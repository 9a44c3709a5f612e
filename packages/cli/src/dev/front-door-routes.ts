/** The ports of 127.0.0.1 that the front door leads to. */
export interface FrontDoorPorts {
  gateways: readonly number[];
  callServices: readonly number[];
}

/** However it is written: services match paths in any case, and whole URLs by their path. */
const FOR_NOBODY = /^(?:https?:\/\/[^/]*)?\/internal(?:\/|$)/i;
const FOR_GATEWAYS = /^\/(?:socket\.io|ws)(?:\/|$)/;

/** Engine session ids begin with the port of the gateway that holds the session. */
const sessionPort = (query: string): number | null => {
  const port = /^(\d{1,5})-/.exec(new URLSearchParams(query).get('sid') ?? '')?.[1];
  return port === undefined ? null : Number(port);
};

const rotation = (ports: readonly number[]): (() => number[]) => {
  let next = 0;
  return () => {
    const first = next;
    next = (next + 1) % ports.length;
    return [...ports.slice(first), ...ports.slice(0, first)];
  };
};

/** For the URL of a request: the ports to try, in order. Each request starts one further, but a session stays with its gateway. None: what is for inside. */
export const createRoutes = ({ gateways, callServices }: FrontDoorPorts): ((url: string) => readonly number[]) => {
  const nextGateways = rotation(gateways);
  const nextCallServices = rotation(callServices);
  return (url) => {
    const [path, query] = url.split('?', 2);
    if (FOR_NOBODY.test(path ?? '')) return [];
    if (!FOR_GATEWAYS.test(path ?? '')) return nextCallServices();
    const holder = sessionPort(query ?? '');
    return holder !== null && gateways.includes(holder) ? [holder] : nextGateways();
  };
};
