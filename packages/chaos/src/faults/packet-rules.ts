import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const TABLE = 'inet trunkline_chaos';

/** Which packets of the connections to a port: `to` it, or `from` it. */
export interface PacketRule {
  port: number;
  way: 'to' | 'from';
  /** Of a hundred packets, how many. */
  share: number;
  /** `reject`: the sender is sent a reset. */
  verdict: 'drop' | 'reject';
}

/** The resets that are sent have to arrive. */
const VERDICTS: Readonly<Record<PacketRule['verdict'], string>> = {
  drop: 'counter drop',
  reject: 'tcp flags & rst == 0 counter reject with tcp reset',
};

const ruleText = ({ port, way, share, verdict }: PacketRule): string => {
  const chance = share < 100 ? `numgen random mod 100 < ${share} ` : '';
  return `add rule ${TABLE} arriving tcp ${way === 'to' ? 'dport' : 'sport'} ${port} ${chance}${VERDICTS[verdict]}`;
};

const nft = async (...args: string[]): Promise<string> => (await promisify(execFile)('nft', args)).stdout;

interface Listed {
  nftables: { rule?: { expr: { counter?: { packets: number } }[] } }[];
}

const countPackets = async (): Promise<number> => {
  const { nftables } = JSON.parse(await nft('-j', `list table ${TABLE}`)) as Listed;
  const counters = nftables.flatMap(({ rule }) => rule?.expr ?? []).map(({ counter }) => counter?.packets ?? 0);
  return counters.reduce((sum, packets) => sum + packets, 0);
};

/** Puts rules into this process's network while `use` runs. Resolves with how many packets they met. */
export const withPacketRules = async (rules: readonly PacketRule[], use: () => Promise<void>): Promise<number> => {
  const hook = '{ type filter hook input priority 0; policy accept; }';
  await nft([`add table ${TABLE}`, `add chain ${TABLE} arriving ${hook}`, ...rules.map(ruleText)].join('; '));
  try {
    await use();
    return await countPackets();
  } finally {
    await nft(`delete table ${TABLE}`);
  }
};
