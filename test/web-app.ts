import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { ROOT } from './repository-root.ts';

/** A script for browsers, made of what an app's developer writes, with what it imports. */
export const bundle = async (source: string): Promise<string> => {
  // Where the source would lie: from there the names of packages are looked up.
  const file = join(ROOT, 'test/app-of-a-test.js');
  const plugin = {
    name: 'source',
    resolveId: (id: string) => (id === file ? id : null),
    load: (id: string) => (id === file ? source : null),
  };
  const made = await rolldown({ input: file, platform: 'browser', plugins: [plugin], logLevel: 'silent' });
  const { output } = await made.generate({ format: 'esm' });
  await made.close();
  return output[0].code;
};

export interface WebApp extends AsyncDisposable {
  /** Its own host, without a slash at the end. */
  readonly origin: string;
  /** Changes what is served, by path. */
  serve(files: Readonly<Record<string, string>>): void;
}

const TYPES: Readonly<Record<string, string>> = { js: 'text/javascript', png: 'image/png', '': 'text/html; charset=utf-8' };

/** An app's own web server on the loopback. A page for every path that is no file. */
export const startWebApp = async (): Promise<WebApp> => {
  const served = new Map([['', '<!doctype html><title>App</title><script type="module" src="/page.js"></script>']]);
  const server = createServer(({ url = '/' }, response) => {
    const { pathname } = new URL(url, 'http://app');
    const extension = /\.(\w+)$/.exec(pathname)?.[1] ?? '';
    const body = served.get(pathname) ?? (extension === '' ? served.get('') : undefined);
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': TYPES[extension] ?? 'text/plain' }).end(body);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    serve: (files) => {
      for (const [path, body] of Object.entries(files)) served.set(path, body);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
