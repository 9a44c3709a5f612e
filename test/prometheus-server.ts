import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prometheusPrograms } from '@trunkline/backing-services';
import { freePort, type System, until } from '@trunkline/testing';
import { ROOT } from './repository-root.ts';

const FOLDER = join(ROOT, 'deploy/prometheus');

const hostOf = ({ url }: { url: string }): string => new URL(url).host;

/** The repository's own configuration, with this system's addresses in place of those of `pnpm dev`. */
const configurationFor = (text: string, { callServices, gateways, notifier }: System): string =>
  [...callServices, ...gateways, notifier].reduce(
    (config, service, index) => config.replace(`127.0.0.1:${[4000, 4001, 4002, 4090][index]}`, hostOf(service)),
    text.replaceAll('5s', '1s'),
  );

export interface PrometheusServer extends AsyncDisposable {
  /** The `data` of an answer of its API. */
  // biome-ignore lint/suspicious/noExplicitAny: what a server says is asserted by the test, field by field
  ask(path: string): Promise<any>;
}

/** A Prometheus that scrapes a system of one call-service and two gateways, with the rules that we ship. */
export const startPrometheus = async (system: System): Promise<PrometheusServer> => {
  await using starting = new AsyncDisposableStack();
  const { prometheus } = await prometheusPrograms((line) => process.stderr.write(`${line}\n`));
  const folder = starting.adopt(await mkdtemp(join(tmpdir(), 'trunkline-prometheus-')), (path) =>
    rm(path, { recursive: true, force: true }),
  );
  const config = join(folder, 'prometheus.yml');
  await writeFile(config, configurationFor(await readFile(join(FOLDER, 'prometheus.yml'), 'utf8'), system));
  await copyFile(join(FOLDER, 'alerts.yml'), join(folder, 'alerts.yml'));
  const port = await freePort();
  const args = [`--config.file=${config}`, `--storage.tsdb.path=${join(folder, 'data')}`, `--web.listen-address=127.0.0.1:${port}`];
  const child = spawn(prometheus, args, { stdio: 'ignore' });
  const gone = once(child, 'exit');
  starting.defer(async () => {
    child.kill('SIGKILL');
    await gone;
  });
  const url = `http://127.0.0.1:${port}`;
  await until('Prometheus is ready', async () => (await fetch(`${url}/-/ready`).catch(() => null))?.ok, 20_000);
  const running = starting.move();
  return {
    ask: async (path) => ((await (await fetch(`${url}/api/v1/${path}`)).json()) as { data: unknown }).data,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};
