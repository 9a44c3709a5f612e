import { createSocket } from 'node:dgram';
import type { LookupAddress } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import type { AddressInfo, LookupFunction } from 'node:net';

const A = 1;
const AAAA = 28;
const HEADER_BYTES = 12;

/** Sixteen bytes of an IPv6 address, which may end as an IPv4 one. */
const bytesOfV6 = (address: string): Buffer => {
  const [head = '', tail = ''] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));
  const [before, after] = [groups(head), groups(tail)];
  const all = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 255]));
};

const bytesOf = (address: string): Buffer => (address.includes(':') ? bytesOfV6(address) : Buffer.from(address.split('.').map(Number)));

/** One answer of that type, naming the question, that may be kept for no time at all (RFC 1035 section 4.1). */
const record = (type: number, address: string): Buffer => {
  const data = bytesOf(address);
  return Buffer.concat([Buffer.from([0xc0, HEADER_BYTES, 0, type, 0, 1, 0, 0, 0, 0, 0, data.length]), data]);
};

export interface DnsStandIn extends AsyncDisposable {
  /** From now on every name leads there. */
  leadTo(...addresses: string[]): void;
  readonly resolver: Resolver;
  /** For a connection; asks the server anew every time. */
  readonly lookup: LookupFunction;
}

/** A name server on UDP whose answers change as the test says. */
export const startDnsStandIn = async (): Promise<DnsStandIn> => {
  let addresses: readonly string[] = [];
  const server = createSocket('udp4');
  server.on('message', (query, { port, address }) => {
    const end = query.indexOf(0, HEADER_BYTES) + 5;
    const type = query.readUInt16BE(end - 4);
    const found = addresses.filter((candidate) => type === (candidate.includes(':') ? AAAA : A));
    const header = Buffer.from(query.subarray(0, HEADER_BYTES));
    header.writeUInt16BE(0x8580, 2);
    header.writeUInt16BE(found.length, 6);
    header.writeUInt16BE(0, 10);
    const records = found.map((candidate) => record(type, candidate));
    server.send(Buffer.concat([header, query.subarray(HEADER_BYTES, end), ...records]), port, address);
  });
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  const resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${(server.address() as AddressInfo).port}`]);

  const resolve = async (host: string): Promise<LookupAddress[]> => {
    const none = (): string[] => [];
    const [four, six] = await Promise.all([resolver.resolve4(host).catch(none), resolver.resolve6(host).catch(none)]);
    return [...four.map((address) => ({ address, family: 4 })), ...six.map((address) => ({ address, family: 6 }))];
  };
  return {
    leadTo: (...leads) => {
      addresses = leads;
    },
    resolver,
    lookup: (host, options, callback) => {
      void resolve(host).then((found) => {
        const [first = { address: '', family: 0 }] = found;
        if (options.all === true) callback(null, found);
        else callback(null, first.address, first.family);
      });
    },
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
};
