/** Tells a person at a terminal what goes on, in whole sentences. */
export type Report = (line: string) => void;

/** A running PostgreSQL or Redis. Disposing stops it, unless it is somebody else's; disposing twice, or after it died, is harmless. */
export interface BackingServer extends AsyncDisposable {
  readonly url: string;
  /** The process to signal; null where it is not ours to signal (an external server, a container). */
  readonly pid: number | null;
}

/** The part of the environment that decides where the servers come from. Empty counts as unset. */
export interface BackingEnvironment {
  readonly DATABASE_URL?: string | undefined;
  readonly REDIS_URL?: string | undefined;
  /** `embedded`: never in containers; `testcontainers`: only in containers. For tests, whose data need not be kept. */
  readonly TEST_BACKENDS?: string | undefined;
  readonly DOCKER_HOST?: string | undefined;
}

export interface BackingServerOptions {
  env: BackingEnvironment;
  /** Where data, logs and sockets go. Null: a temporary folder, removed on dispose, as tests want it. */
  dataFolder: string | null;
  /** A fixed port, to start a killed server again where its clients look for it; by default a free one. */
  port?: number | undefined;
  report: Report;
}

/** A server that was there before us and stays after us. */
export const externalServer = (url: string): BackingServer => ({ url, pid: null, [Symbol.asyncDispose]: async () => {} });
