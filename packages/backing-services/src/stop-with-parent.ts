import { spawn } from 'node:child_process';

/** Ends when its input does, which is when the process that holds the other end is gone, however it went. */
const WATCH = `
read -r _
kill -s "$2" "$1"
left=100
while [ $left -gt 0 ] && kill -0 "$1"; do left=$((left - 1)); sleep 0.1; done
kill -s KILL "$1"
[ -z "$3" ] || rm -rf "$3"
`;

interface Watched {
  pid: number;
  signal: NodeJS.Signals;
  /** Removed after the process, unless null. */
  temporaryFolder: string | null;
}

/** Stops a server when this process dies without having done so, by `kill -9` for instance. Disposing calls that off. */
export const stopWithParent = ({ pid, signal, temporaryFolder }: Watched): Disposable => {
  const watcher = spawn('sh', ['-c', WATCH, 'sh', String(pid), signal.replace('SIG', ''), temporaryFolder ?? ''], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Without a shell the server is only not stopped in the rare case; that is no reason to fail.
  watcher.on('error', () => {});
  watcher.stdin.on('error', () => {});
  watcher.unref();
  return { [Symbol.dispose]: () => void watcher.kill('SIGKILL') };
};
