import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { textTable } from './text-table.ts';

interface ProfileNode {
  id: number;
  callFrame: { functionName: string; url: string; lineNumber: number };
}

interface Profile {
  nodes: ProfileNode[];
  samples: number[];
  timeDeltas: number[];
}

const IDLE = new Set(['(idle)', '(program)', '(root)']);
const SHOWN = 25;

const placeOf = (url: string): string => {
  const inPackage = url.lastIndexOf('/node_modules/');
  if (inPackage !== -1) return url.slice(inPackage + '/node_modules/'.length);
  return url.replace(/^.*\/(?=(?:services|packages)\/)/, '');
};

const ownerOf = (url: string): string => {
  if (url === '') return 'native';
  if (url.startsWith('node:')) return 'node';
  const place = placeOf(url);
  const [first, second] = place.split('/');
  return first?.startsWith('@') || /^(?:services|packages)$/.test(first ?? '') ? `${first}/${second}` : (first ?? '');
};

interface Cost {
  microseconds: number;
}

const add = (costs: Map<string, Cost>, name: string, microseconds: number): void => {
  const cost = costs.get(name);
  if (cost === undefined) costs.set(name, { microseconds });
  else cost.microseconds += microseconds;
};

/** Self time by function and by package, idle left out. */
const costsOf = ({ nodes, samples, timeDeltas }: Profile): { functions: Map<string, Cost>; owners: Map<string, Cost>; busy: number } => {
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const functions = new Map<string, Cost>();
  const owners = new Map<string, Cost>();
  let busy = 0;
  for (const [index, id] of samples.entries()) {
    const frame = byId.get(id);
    const microseconds = timeDeltas[index] ?? 0;
    if (frame === undefined || IDLE.has(frame.functionName)) continue;
    busy += microseconds;
    add(functions, `${frame.functionName || '(anonymous)'} ${placeOf(frame.url)}:${frame.lineNumber + 1}`, microseconds);
    add(owners, frame.functionName.startsWith('(') ? frame.functionName : ownerOf(frame.url), microseconds);
  }
  return { functions, owners, busy };
};

const rowsOf = (costs: ReadonlyMap<string, Cost>, busy: number, shown: number): string[][] =>
  [...costs]
    .sort(([, a], [, b]) => b.microseconds - a.microseconds)
    .slice(0, shown)
    .map(([name, { microseconds }]) => [name, `${((microseconds / busy) * 100).toFixed(1)} %`]);

/** What was hot in each CPU profile of a folder. */
export const describeProfiles = (folder: string): string =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.cpuprofile'))
    .map((file) => {
      const { functions, owners, busy } = costsOf(JSON.parse(readFileSync(join(folder, file), 'utf8')) as Profile);
      return [
        `${basename(file)}: busy for ${(busy / 1_000_000).toFixed(1)} s`,
        textTable(['package', 'self'], rowsOf(owners, busy, 14)),
        '',
        textTable(['function', 'self'], rowsOf(functions, busy, SHOWN)),
      ].join('\n');
    })
    .join('\n\n');
