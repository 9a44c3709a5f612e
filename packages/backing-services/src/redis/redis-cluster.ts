import type { BackingServer, BackingServerOptions } from '../backing-server.ts';
import { canInstallPackages } from '../debian-package.ts';
import { onPort } from '../free-port.ts';
import { pollUntil } from '../poll-until.ts';
import { commandOnce } from './redis-connection.ts';
import { installRedis } from './redis-package.ts';
import { startRedisProcess } from './redis-process.ts';
import { redisProgram } from './redis-program.ts';

const SLOTS = 16_384;
const FORMED_WITHIN_MS = 20_000;

/** A Redis Cluster of masters without replicas, on this machine. */
export interface RedisCluster extends AsyncDisposable {
  /** The addresses of its nodes, separated by commas. */
  readonly url: string;
  readonly nodes: readonly BackingServer[];
  /** Starts a node again that was killed, where it was; it remembers its slots. */
  restart(node: number): Promise<void>;
}

export interface RedisClusterOptions extends Pick<BackingServerOptions, 'report'> {
  masters: number;
  /** Where each node keeps its part of the cluster's map. */
  dataFolder: string;
}

const portOf = ({ url }: Pick<BackingServer, 'url'>): number => Number(new URL(url).port);

/** Starts the nodes, gives each its share of the slots, and waits until all know of each other. */
export const startRedisCluster = async ({ masters, dataFolder, report }: RedisClusterOptions): Promise<RedisCluster> => {
  await using starting = new AsyncDisposableStack();
  const program = (await redisProgram()) ?? ((await canInstallPackages()) ? await installRedis(report) : null);
  if (program === null) throw new Error('redis-server is not on PATH, and a cluster cannot be had without it');
  const busPorts: number[] = [];
  const startNode = async (node: number, port?: number): Promise<BackingServer> => {
    busPorts[node] ??= await onPort(undefined, async (free) => free);
    const args = ['--cluster-enabled', 'yes', '--cluster-port', String(busPorts[node]), '--cluster-node-timeout', '2000'];
    const options = { env: {}, dataFolder: `${dataFolder}/${node}`, report, port };
    return startRedisProcess(program, options, args);
  };
  const nodes: BackingServer[] = [];
  for (let node = 0; node < masters; node += 1) nodes.push(starting.use(await startNode(node)));

  const share = Math.ceil(SLOTS / masters);
  for (const [index, { url }] of nodes.entries()) {
    const last = Math.min((index + 1) * share, SLOTS) - 1;
    await commandOnce(url, 'CLUSTER', 'ADDSLOTSRANGE', String(index * share), String(last));
    const [first] = nodes as [BackingServer];
    if (index > 0) await commandOnce(url, 'CLUSTER', 'MEET', '127.0.0.1', String(portOf(first)), String(busPorts[0]));
  }
  const isWhole = async ({ url }: BackingServer): Promise<boolean> => {
    const told = String(await commandOnce(url, 'CLUSTER', 'INFO'));
    return told.includes('cluster_state:ok') && told.includes(`cluster_known_nodes:${masters}`);
  };
  const isFormed = async (): Promise<boolean> => (await Promise.all(nodes.map(isWhole))).every(Boolean);
  if (!(await pollUntil(isFormed, { withinMs: FORMED_WITHIN_MS }))) throw new Error('the Redis Cluster did not form');
  const running = starting.move();
  return {
    url: nodes.map(({ url }) => url).join(','),
    nodes,
    restart: async (node) => {
      nodes[node] = running.use(await startNode(node, portOf(nodes[node] as BackingServer)));
      await pollUntil(isFormed, { withinMs: FORMED_WITHIN_MS });
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};
