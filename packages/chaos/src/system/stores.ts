import { join } from 'node:path';
import { type BackingServer, startPostgres, startRedis } from '@trunkline/backing-services';
import { until } from '@trunkline/testing';

/** PostgreSQL or Redis of our own, on the same port and with the same data folder however often it dies. */
export class Store implements AsyncDisposable {
  readonly name: string;
  readonly url: string;
  readonly #start: () => Promise<BackingServer>;
  #server: BackingServer;

  private constructor(name: string, server: BackingServer, start: (port: number) => Promise<BackingServer>) {
    this.name = name;
    this.url = server.url;
    this.#server = server;
    const port = Number(new URL(server.url).port);
    this.#start = () => start(port);
  }

  static async open(name: string, start: (port?: number) => Promise<BackingServer>): Promise<Store> {
    return new Store(name, await start(), start);
  }

  get pid(): number {
    const { pid } = this.#server;
    if (pid === null || pid === undefined) throw new Error(`${this.name} is no process of ours`);
    return pid;
  }

  /** `kill -9`. */
  kill(): void {
    process.kill(this.pid, 'SIGKILL');
  }

  /** Starts it again where it was killed. What died with it may take a moment to let go of port and data. */
  async restart(): Promise<void> {
    let lastError: unknown;
    await until(
      `${this.name} runs again`,
      async () => {
        try {
          this.#server = await this.#start();
          return true;
        } catch (error) {
          lastError = error;
          return false;
        }
      },
      30_000,
    ).catch((error: unknown) => {
      throw new Error(String(error), { cause: lastError });
    });
  }

  freeze(): void {
    process.kill(this.pid, 'SIGSTOP');
  }

  thaw(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.thaw();
    await this.#server[Symbol.asyncDispose]();
  }
}

/** Never a container, nor a server that somebody else uses: these are to be killed. */
const ENVIRONMENT = { TEST_BACKENDS: 'embedded' };

export interface StoresOptions {
  dataFolder: string;
  /** Whether PostgreSQL waits for its disk. */
  durable: boolean;
  report(line: string): void;
}

export const openPostgres = ({ dataFolder, durable, report }: StoresOptions): Promise<Store> =>
  Store.open('PostgreSQL', (port) =>
    startPostgres({ env: ENVIRONMENT, dataFolder: join(dataFolder), durable, report, ...(port === undefined ? {} : { port }) }),
  );

export const openRedis = ({ dataFolder, report }: StoresOptions): Promise<Store> =>
  Store.open('Redis', (port) => startRedis({ env: ENVIRONMENT, dataFolder, report, ...(port === undefined ? {} : { port }) }));
