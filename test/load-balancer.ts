import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { haproxyProgram } from '@trunkline/backing-services';
import { freePort, type System, until } from '@trunkline/testing';
import { ROOT } from './repository-root.ts';

const CONFIG = join(ROOT, 'deploy/haproxy/haproxy.cfg');

type Replicas = Pick<System, 'gateways' | 'callServices'>;

/** The configuration of docker-compose.yml, with this system's addresses in place of those of its containers. */
const configurationFor = (text: string, port: number, rules: readonly string[], { gateways, callServices }: Replicas): string => {
  const addresses = new Map<string, string>([
    ['bind :8080', `bind 127.0.0.1:${port}`],
    // What its container may open, a process here may not.
    ['maxconn 50000', 'maxconn 2000'],
    ['  use_backend gateways if', [...rules, '  use_backend gateways if'].join('\n')],
  ]);
  for (const [index, { url }] of gateways.entries()) {
    const [inCompose, { host, port: here }] = [`gateway-${index + 1}:${4001 + index}`, new URL(url)];
    addresses.set(inCompose, host).set(`-m beg ${4001 + index}-`, `-m beg ${here}-`);
  }
  for (const [index, { url }] of callServices.entries()) addresses.set(`call-service-${index + 1}:4000`, new URL(url).host);
  return [...addresses].reduce((config, [from, to]) => {
    if (!config.includes(from)) throw new Error(`the load balancer's configuration does not know ${from}`);
    return config.replaceAll(from, to);
  }, text);
};

export interface LoadBalancer extends AsyncDisposable {
  readonly url: string;
  /** All that it logged. */
  log(): string;
}

/** HAProxy as docker-compose.yml runs it, in front of a system of two gateways and two call-services. `rules`: further lines of its frontend. */
export const startLoadBalancer = async (system: Replicas, rules: readonly string[] = []): Promise<LoadBalancer> => {
  await using starting = new AsyncDisposableStack();
  const haproxy = await haproxyProgram((line) => process.stderr.write(`${line}\n`));
  const folder = starting.adopt(await mkdtemp(join(tmpdir(), 'trunkline-haproxy-')), (path) => rm(path, { recursive: true }));
  const port = await freePort();
  const config = join(folder, 'haproxy.cfg');
  await writeFile(config, configurationFor(await readFile(CONFIG, 'utf8'), port, rules, system));
  const child = spawn(haproxy, ['-W', '-db', '-f', config], { stdio: ['ignore', 'pipe', 'pipe'] });
  const gone = once(child, 'exit');
  starting.defer(async () => {
    child.kill('SIGTERM');
    await gone;
  });
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => said.push(chunk));
  const log = (): string => Buffer.concat(said).toString();
  const url = `http://127.0.0.1:${port}`;
  const answers = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error(`HAProxy did not start:\n${log()}`);
    const statuses = ['/socket.io/?EIO=4&transport=polling', '/api/'].map(
      async (path) => (await fetch(url + path).catch(() => null))?.status,
    );
    return (await Promise.all(statuses)).every((status) => status !== undefined && status !== 503);
  };
  await until('the load balancer answers', answers, 20_000);
  const running = starting.move();
  return { url, log, [Symbol.asyncDispose]: () => running.disposeAsync() };
};
