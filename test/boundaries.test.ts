import { existsSync, readFileSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { lintSources } from './lint-sources.ts';
import { ROOT } from './repository-root.ts';

const OWN_FOLDER = {
  contract: 'contract imports zod and its own folder.',
  bus: 'bus imports contract, ioredis, Node and its own folder.',
  client: 'client imports contract, socket.io-client and its own folder.',
  dialect: 'A dialect imports contract, zod and its own folder.',
  calls: 'A pure module of calls or chats imports contract and its own folder.',
};
const BY_NAME = 'Another package is imported by its name.';
const KIT = 'service-kit imports contract, no other package of ours.';
const SERVICE = 'A service imports contract, bus and service-kit, never another service.';
const DATABASE = 'Only the database folder of call-service names knex and pg.';
const QUEUE = 'Only one file of a service names bullmq.';
const FIREBASE = 'Only the FCM sender of notifier names firebase-admin.';
const WEB_PUSH = 'Only the Web Push sender of notifier names web-push.';
const SOCKETS = 'Only transports and the link between gateway and call-service name sockets.';

interface Boundary {
  file: string;
  /** An import → what is said about it. */
  refused: Readonly<Record<string, string>>;
  allowed: readonly string[];
}

const BOUNDARIES: readonly Boundary[] = [
  {
    file: 'packages/testing/src/x.ts',
    refused: {
      '@trunkline/contract/src/ids.ts': BY_NAME,
      '../../contract/src/ids.ts': BY_NAME,
      '../../../services/notifier/src/main.ts': BY_NAME,
    },
    allowed: ['@trunkline/contract', '@trunkline/notifier', './y.ts'],
  },
  { file: 'test/x.test.ts', refused: { '../packages/contract/src/ids.ts': BY_NAME }, allowed: ['./y.ts', 'vitest'] },
  {
    file: 'packages/contract/src/x.ts',
    refused: {
      pino: OWN_FOLDER.contract,
      'node:crypto': OWN_FOLDER.contract,
      '@trunkline/bus': OWN_FOLDER.contract,
      '../../bus/src/bus.ts': OWN_FOLDER.contract,
      './x/../../y.ts': OWN_FOLDER.contract,
    },
    allowed: ['zod', './ids.ts'],
  },
  {
    file: 'packages/bus/src/x.ts',
    refused: {
      bullmq: OWN_FOLDER.bus,
      zod: OWN_FOLDER.bus,
      '@trunkline/service-kit': OWN_FOLDER.bus,
      '../../contract/src/ids.ts': OWN_FOLDER.bus,
      './x/../../y.ts': OWN_FOLDER.bus,
    },
    allowed: ['@trunkline/contract', 'ioredis', 'node:crypto', './bus.ts'],
  },
  {
    file: 'packages/client/src/chat/x.ts',
    refused: {
      zod: OWN_FOLDER.client,
      'node:crypto': OWN_FOLDER.client,
      'engine.io-client': OWN_FOLDER.client,
      '@trunkline/service-kit': OWN_FOLDER.client,
      '@trunkline/contract/src/ids.ts': OWN_FOLDER.client,
      '../../../contract/src/ids.ts': OWN_FOLDER.client,
      './x/../../y.ts': OWN_FOLDER.client,
    },
    allowed: ['@trunkline/contract', 'socket.io-client', './y.ts', '../emitter.ts', '../rest/rest.ts'],
  },
  {
    file: 'packages/service-kit/src/x.ts',
    refused: { '@trunkline/bus': KIT, '@trunkline/call-service': KIT, '../../contract/src/ids.ts': BY_NAME },
    allowed: ['@trunkline/contract', 'pino', './logger.ts'],
  },
  {
    file: 'services/notifier/src/x.ts',
    refused: {
      '@trunkline/call-service': SERVICE,
      '@trunkline/testing': SERVICE,
      pg: DATABASE,
      knex: DATABASE,
      'pg-pool': DATABASE,
      bullmq: QUEUE,
      ws: SOCKETS,
      'socket.io': SOCKETS,
      '@socket.io/redis-adapter': SOCKETS,
      'firebase-admin/messaging': FIREBASE,
      'web-push': WEB_PUSH,
      'request-filtering-agent': WEB_PUSH,
      '../../call-service/src/index.ts': BY_NAME,
      '../../../packages/bus/src/bus.ts': BY_NAME,
    },
    allowed: ['@trunkline/contract', '@trunkline/bus', '@trunkline/service-kit', 'undici', './jobs/y.ts'],
  },
  {
    file: 'services/notifier/test/x.test.ts',
    refused: { '@trunkline/call-service': SERVICE, '@trunkline/docs': SERVICE, '../../call-service/src/index.ts': BY_NAME },
    allowed: ['@trunkline/testing', '@trunkline/push-stand-in', '../src/index.ts', 'bullmq', 'web-push'],
  },
  {
    file: 'services/notifier/src/push/fcm/x.ts',
    refused: {
      '@trunkline/call-service': SERVICE,
      pg: DATABASE,
      bullmq: QUEUE,
      ws: SOCKETS,
      'web-push': WEB_PUSH,
      '../../../../call-service/src/index.ts': BY_NAME,
    },
    allowed: ['firebase-admin/app', 'firebase-admin/messaging', '@trunkline/contract', '../delivery.ts'],
  },
  {
    file: 'services/notifier/src/push/web-push/x.ts',
    refused: {
      '@trunkline/call-service': SERVICE,
      pg: DATABASE,
      bullmq: QUEUE,
      ws: SOCKETS,
      'firebase-admin': FIREBASE,
      '../../../../call-service/src/index.ts': BY_NAME,
    },
    allowed: ['web-push', 'request-filtering-agent', '@trunkline/service-kit', '../delivery.ts'],
  },
  {
    file: 'services/notifier/src/job-worker.ts',
    refused: {
      'firebase-admin': FIREBASE,
      'web-push': WEB_PUSH,
      '@trunkline/call-service': SERVICE,
      pg: DATABASE,
      ws: SOCKETS,
      '../../call-service/src/index.ts': BY_NAME,
    },
    allowed: ['bullmq', '@trunkline/bus'],
  },
  {
    file: 'services/call-service/src/jobs/job-queue.ts',
    refused: { 'firebase-admin': FIREBASE, 'web-push': WEB_PUSH, '@trunkline/notifier': SERVICE, knex: DATABASE, ws: SOCKETS },
    allowed: ['bullmq', '@trunkline/bus'],
  },
  { file: 'services/call-service/src/calls/x.ts', refused: { knex: DATABASE, bullmq: QUEUE }, allowed: ['../database/database.ts'] },
  {
    file: 'services/call-service/src/database/x.ts',
    refused: {
      'firebase-admin': FIREBASE,
      'web-push': WEB_PUSH,
      '@trunkline/notifier': SERVICE,
      bullmq: QUEUE,
      ws: SOCKETS,
      '../../../notifier/src/index.ts': BY_NAME,
    },
    allowed: ['pg', 'knex', '@trunkline/contract', '../calls/y.ts'],
  },
  {
    file: 'services/call-service/src/calls/transitions.ts',
    refused: { knex: OWN_FOLDER.calls, './../database/database.ts': OWN_FOLDER.calls },
    allowed: ['@trunkline/contract', './decide.ts'],
  },
  {
    file: 'services/call-service/src/calls/decide.ts',
    refused: {
      knex: OWN_FOLDER.calls,
      zod: OWN_FOLDER.calls,
      '@trunkline/service-kit': OWN_FOLDER.calls,
      '../database/database.ts': OWN_FOLDER.calls,
    },
    allowed: ['@trunkline/contract', './transitions.ts'],
  },
  {
    file: 'services/call-service/src/chat/decide-chat.ts',
    refused: { pg: OWN_FOLDER.calls, '../database/database.ts': OWN_FOLDER.calls },
    allowed: ['@trunkline/contract', './chat-world.ts'],
  },
  {
    file: 'services/socket-gateway/src/transports/x.ts',
    refused: {
      'firebase-admin': FIREBASE,
      'web-push': WEB_PUSH,
      '@trunkline/call-service': SERVICE,
      pg: DATABASE,
      bullmq: QUEUE,
      '../../../call-service/src/index.ts': BY_NAME,
    },
    allowed: ['ws', 'socket.io', '@socket.io/redis-adapter', '../connection.ts'],
  },
  {
    file: 'services/socket-gateway/src/rooms.ts',
    refused: { 'firebase-admin': FIREBASE, 'web-push': WEB_PUSH, '@trunkline/call-service': SERVICE, pg: DATABASE, bullmq: QUEUE },
    allowed: ['@socket.io/redis-adapter'],
  },
  { file: 'services/socket-gateway/src/call-service-link.ts', refused: { pg: DATABASE }, allowed: ['ws'] },
  { file: 'services/call-service/src/http/internal-links.ts', refused: { knex: DATABASE }, allowed: ['ws'] },
  { file: 'services/call-service/src/http/internal-door.ts', refused: { ws: SOCKETS }, allowed: ['express'] },
  { file: 'services/socket-gateway/src/connection.ts', refused: { 'socket.io': SOCKETS, ws: SOCKETS }, allowed: ['./transports/y.ts'] },
  {
    file: 'services/socket-gateway/src/dialects/x.ts',
    refused: {
      'node:crypto': OWN_FOLDER.dialect,
      'socket.io': OWN_FOLDER.dialect,
      '@trunkline/bus': OWN_FOLDER.dialect,
      '../connection.ts': OWN_FOLDER.dialect,
      './x/../../y.ts': OWN_FOLDER.dialect,
    },
    allowed: ['@trunkline/contract', 'zod', './dialect.ts'],
  },
];

const Patterns = z.array(z.object({ group: z.array(z.string()), message: z.string() }));
const Rules = z.object({
  style: z.object({ noRestrictedImports: z.object({ options: z.object({ patterns: Patterns }) }).optional() }),
});
const Configuration = z.object({
  linter: z.object({ rules: Rules }),
  overrides: z.array(z.object({ includes: z.array(z.string()), linter: z.object({ rules: Rules }) })),
});

const configuration = Configuration.parse(JSON.parse(readFileSync(join(ROOT, 'biome.json'), 'utf8')));
const patternsOf = ({ linter }: { linter: { rules: z.infer<typeof Rules> } }) => linter.rules.style.noRestrictedImports?.options.patterns;

/** What governs the imports of each set of files; of all that include a file, the last one alone holds. */
const RESTRICTIONS = [{ ...configuration, includes: ['**'] }, ...configuration.overrides].flatMap((entry) => {
  const patterns = patternsOf(entry);
  return patterns === undefined ? [] : [{ includes: entry.includes, messages: patterns.map(({ message }) => message) }];
});

const includesFile = (includes: readonly string[], file: string): boolean =>
  includes.reduce(
    (held, glob) => (glob.startsWith('!') ? held && !matchesGlob(file, glob.slice(1)) : held || matchesGlob(file, glob)),
    false,
  );

const restrictionOn = (file: string) => RESTRICTIONS.findLast(({ includes }) => includesFile(includes, file));

const specifiersOf = ({ refused, allowed }: Boundary): string[] => [...Object.keys(refused), ...allowed];
const importsOf = (boundary: Boundary): string =>
  specifiersOf(boundary)
    .map((specifier) => `import '${specifier}';\n`)
    .join('');

describe('import boundaries', () => {
  const findings = lintSources(Object.fromEntries(BOUNDARIES.map((boundary) => [boundary.file, importsOf(boundary)])));
  const saidAbout = (boundary: Boundary, specifier: string): string[] => {
    const line = specifiersOf(boundary).indexOf(specifier) + 1;
    return findings
      .filter((finding) => finding.rule === 'lint/style/noRestrictedImports' && finding.path === boundary.file && finding.line === line)
      .map(({ text }) => text);
  };

  for (const boundary of BOUNDARIES) {
    it.each(Object.entries(boundary.refused))(`${boundary.file} may not import %s`, (specifier, message) => {
      expect(saidAbout(boundary, specifier)).toEqual([message]);
    });
    it.each(boundary.allowed)(`${boundary.file} may import %s`, (specifier) => {
      expect(saidAbout(boundary, specifier)).toEqual([]);
    });
  }

  it.each(RESTRICTIONS)('each restriction on $includes is seen to refuse something here', (restriction) => {
    const seen = BOUNDARIES.filter(({ file }) => restrictionOn(file) === restriction).flatMap(({ refused }) => Object.values(refused));
    expect([...new Set(seen)].sort()).toEqual([...restriction.messages].sort());
  });

  it.each(configuration.overrides.flatMap(({ includes }) => includes).filter((glob) => !glob.startsWith('!')))(
    '%s, which has rules of its own, exists',
    (glob) => {
      const path = glob.replace('services/*/', 'services/notifier/').replace(/\/\*\*$/, '');
      expect(existsSync(join(ROOT, path)), path).toBe(true);
    },
  );
});

const branches = (count: number): string => `export const f = (n: number) => {\n${'  if (n > 1) n -= 1;\n'.repeat(count)}  return n;\n};\n`;

const READS_ENVIRONMENT = 'export const home = process.env.HOME;\n';

describe('lint rules', () => {
  const offending: Readonly<Record<string, { path: string; source: string }>> = {
    'lint/style/noProcessEnv': { path: 'services/notifier/src/environment.ts', source: READS_ENVIRONMENT },
    'lint/nursery/noFloatingPromises': {
      path: 'services/notifier/src/floating.ts',
      source: 'const wait = async () => {};\nexport const f = () => {\n  wait();\n};\n',
    },
    'lint/suspicious/noImportCycles': { path: 'packages/bus/src/cycle-a.ts', source: "export { b as a } from './cycle-b.ts';\n" },
    'lint/suspicious/noConsole': { path: 'services/notifier/src/console.ts', source: "console.log('here');\n" },
    'lint/suspicious/noExplicitAny': { path: 'services/notifier/src/any.ts', source: 'export const f = (x: any) => x;\n' },
    'lint/correctness/useImportExtensions': { path: 'services/notifier/src/extension.ts', source: "import './tidy';\n" },
    'lint/complexity/noExcessiveCognitiveComplexity': { path: 'services/notifier/src/complex.ts', source: branches(13) },
  };
  const tidy: Readonly<Record<string, string>> = {
    'services/notifier/src/main.ts': READS_ENVIRONMENT,
    'services/call-service/src/migrate.ts': READS_ENVIRONMENT,
    'packages/cli/src/environment.ts': READS_ENVIRONMENT,
    'vitest.config.ts': READS_ENVIRONMENT,
    'test/global-setup.ts': READS_ENVIRONMENT,
    'services/notifier/src/tidy.ts':
      "import './simple.ts';\nconst wait = async () => {};\nexport const f = async () => {\n  await wait();\n};\n",
    'services/notifier/src/simple.ts': branches(12),
  };
  const findings = lintSources({
    ...Object.fromEntries(Object.values(offending).map(({ path, source }) => [path, source])),
    ...tidy,
    'packages/bus/src/cycle-b.ts': "export { a as b } from './cycle-a.ts';\n",
  });

  it.each(Object.entries(offending))('%s refuses an offender', (rule, { path }) => {
    expect(findings.filter((finding) => finding.path === path).map((finding) => finding.rule)).toContain(rule);
  });

  it.each(Object.keys(tidy))('%s passes', (path) => {
    expect(findings.filter((finding) => finding.path === path)).toEqual([]);
  });
});
