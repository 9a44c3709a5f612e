import { request } from 'node:http';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { BackingEnvironment } from './backing-server.ts';

const ANSWER_WITHIN_MS = 1500;

type DockerAddress = { socketPath: string } | { host: string; port: string };

/** Where an engine may listen, in the order in which testcontainers looks. */
const dockerAddresses = (env: BackingEnvironment): DockerAddress[] => {
  if (!env.DOCKER_HOST) {
    const home = homedir();
    return ['/var/run/docker.sock', join(home, '.docker/run/docker.sock'), join(home, '.docker/desktop/docker.sock')].map((socketPath) => ({
      socketPath,
    }));
  }
  const url = URL.parse(env.DOCKER_HOST);
  if (url === null) return [];
  return [url.protocol === 'unix:' ? { socketPath: url.pathname } : { host: url.hostname, port: url.port || '2375' }];
};

const ping = (address: DockerAddress): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = request({ ...address, path: '/_ping', agent: false, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    probe.on('error', () => resolve(false));
    probe.end();
  });

/** Whether a Docker engine answers, decided in less than two seconds; the client program alone is not enough. */
export const dockerAnswers = async (env: BackingEnvironment): Promise<boolean> =>
  (await Promise.all(dockerAddresses(env).map(ping))).includes(true);
