import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, matchesGlob, relative } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './repository-root.ts';

const run = promisify(execFile);

const DOCKERFILE = join(ROOT, 'deploy/Dockerfile');

interface Instruction {
  readonly word: string;
  readonly rest: string;
}

const instructionsIn = (text: string): Instruction[] =>
  text
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, word = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
      return { word, rest };
    });

/** What `.dockerignore` lets into the context: the last line that matches decides, and `!` takes a file back in. */
const contextFiles = async (): Promise<string[]> => {
  const lines = (await readFile(join(ROOT, '.dockerignore'), 'utf8')).split('\n').filter((line) => line !== '');
  const { stdout } = await run('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    maxBuffer: 16 * 1024 * 1024,
  });
  const isIn = (file: string): boolean => {
    const deciding = lines.findLast((line) =>
      [line.replace('!', ''), `${line.replace('!', '')}/**`].some((glob) => matchesGlob(file, glob)),
    );
    return deciding?.startsWith('!') ?? true;
  };
  return stdout.split('\n').filter((file) => file !== '' && isIn(file));
};

/** An image, as a folder in place of its root. */
export interface BuiltImage extends AsyncDisposable {
  readonly root: string;
  /** Where its process starts, in that folder. */
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Where its base image has Node: in a folder that its account may read. */
  readonly nodeFolder: string;
  readonly user: { readonly uid: number; readonly gid: number };
  readonly command: readonly string[];
  readonly healthCheck: readonly string[];
}

interface Stage {
  readonly root: string;
  workdir: string;
  readonly env: Record<string, string>;
  user: string;
  command: string[];
  healthCheck: string[];
}

const execForm = (text: string): string[] => JSON.parse(/\[.*\]$/.exec(text)?.[0] ?? '[]') as string[];

/** Carries out the Dockerfile in folders. What it does not know, it refuses. */
class Builder {
  readonly #folder: string;
  readonly #args: Readonly<Record<string, string>>;
  readonly #stages = new Map<string, Stage>();
  #stage: Stage | null = null;

  constructor(folder: string, args: Readonly<Record<string, string>>) {
    this.#folder = folder;
    this.#args = args;
  }

  get stage(): Stage {
    if (this.#stage === null) throw new Error('the Dockerfile has no FROM yet');
    return this.#stage;
  }

  readonly #carryOut: Readonly<Record<string, (rest: string) => void | Promise<void>>> = {
    ARG: () => undefined,
    EXPOSE: () => undefined,
    FROM: async (rest) => {
      const root = join(this.#folder, `stage-${this.#stages.size}`);
      await mkdir(root);
      this.#stage = { root, workdir: '/', env: {}, user: '0:0', command: [], healthCheck: [] };
      this.#stages.set(/ AS (\w+)$/.exec(rest)?.[1] ?? 'last', this.#stage);
    },
    WORKDIR: async (rest) => {
      this.stage.workdir = rest;
      await mkdir(join(this.stage.root, rest), { recursive: true });
    },
    ENV: (rest) => Object.assign(this.stage.env, Object.fromEntries(rest.split(' ').map((pair) => pair.split('=')))),
    USER: (rest) => {
      this.stage.user = rest;
    },
    CMD: (rest) => {
      this.stage.command = execForm(rest);
    },
    HEALTHCHECK: (rest) => {
      this.stage.healthCheck = execForm(rest);
    },
    COPY: (rest) => this.#copy(rest.split(' ')),
    RUN: async (rest) => {
      const { root, workdir, env } = this.stage;
      const given = Object.entries({ ...this.#args, ...env, pnpm_config_offline: 'true' }).map(([name, value]) => `${name}=${value}`);
      await run('env', [...given, 'sh', '-c', rest], { cwd: join(root, workdir), maxBuffer: 16 * 1024 * 1024 });
    },
  };

  async carryOut({ word, rest }: Instruction): Promise<void> {
    const how = this.#carryOut[word];
    if (how === undefined) throw new Error(`the test does not know the instruction ${word}`);
    // The shell of a RUN puts in by itself what it knows.
    await how(word === 'RUN' ? rest : rest.replaceAll(/\$\{(\w+)\}/g, (_all, name: string) => this.#args[name] ?? ''));
  }

  async #copy(words: string[]): Promise<void> {
    const into = join(this.stage.root, this.stage.workdir, words.at(-1) ?? '');
    const [, from] = /^--from=(\w+)$/.exec(words[0] ?? '') ?? [];
    if (from !== undefined) {
      const source = join(this.#stages.get(from)?.root ?? '', words[1] ?? '');
      await run('cp', ['-a', `${source}/.`, into]);
      return;
    }
    const files = await contextFiles();
    for (const word of words.slice(0, -1)) {
      for (const file of files.filter((one) => one === word || one.startsWith(word))) {
        const target = join(into, word.endsWith('/') ? relative(word, file) : file);
        await mkdir(dirname(target), { recursive: true });
        await cp(join(ROOT, file), target);
      }
    }
  }
}

/** Builds the image of one service in a temporary folder, step by step as the Dockerfile says, without the network. */
export const buildImage = async (service: string): Promise<BuiltImage> => {
  await using building = new AsyncDisposableStack();
  const folder = building.adopt(await mkdtemp(join(tmpdir(), 'trunkline-image-')), (path) => rm(path, { recursive: true, force: true }));
  // Readable to the account that the image runs as.
  await run('chmod', ['755', folder]);
  const nodeFolder = join(folder, 'node');
  await mkdir(nodeFolder);
  await run('sh', ['-c', 'cp -l "$0" "$1" || cp "$0" "$1"', process.execPath, nodeFolder]);
  const builder = new Builder(folder, { SERVICE: service, NODE_IMAGE: 'node' });
  for (const instruction of instructionsIn(await readFile(DOCKERFILE, 'utf8'))) await builder.carryOut(instruction);
  const { root, workdir, env, user, command, healthCheck } = builder.stage;
  const [uid = 0, gid = 0] = user.split(':').map(Number);
  const built = building.move();
  return {
    root,
    workdir: join(root, workdir),
    env,
    nodeFolder,
    user: { uid, gid },
    command,
    healthCheck,
    [Symbol.asyncDispose]: () => built.disposeAsync(),
  };
};
