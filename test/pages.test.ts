import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { openApiDocument } from '@trunkline/call-service';
import { DESCRIBED_SETTINGS } from '@trunkline/docs';
import { expect, it } from 'vitest';
import { ROOT } from './repository-root.ts';

const isOurs = (path: string): boolean => !/(?:^|\/)(?:node_modules|\.trunkline)\//.test(path);

const PAGES = globSync('**/*.md', { cwd: ROOT, exclude: (path) => path.includes('node_modules') }).filter(isOurs);
const textOf = (page: string): string => readFileSync(join(ROOT, page), 'utf8');

/** As GitHub makes them from headings. */
const anchorsOf = (text: string): Set<string> =>
  new Set(
    [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );

const brokenLinks = (page: string): string[] => {
  const links = [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  return links
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? page : relative(ROOT, join(ROOT, dirname(page), path));
      if (!existsSync(join(ROOT, target))) return true;
      return anchor !== undefined && !anchorsOf(textOf(target)).has(anchor);
    })
    .map((link) => `${page}: ${link}`);
};

it('every link from page to page leads somewhere', () => {
  expect(PAGES.length).toBeGreaterThan(25);
  expect(PAGES.flatMap(brokenLinks)).toEqual([]);
});

/** What operators and those who move an app are told to set and to ask. */
/** Of the exporter of traces, which reads them itself. */
const OTHERS = new Set(['OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_EXPORTER_OTLP_COMPRESSION']);

const GUIDES = PAGES.filter((page) => /^docs\/(?:operations|migrating\/.*)\.md$/.test(page));

it('the guides name settings that there are', () => {
  const named = GUIDES.flatMap((page) =>
    [...textOf(page).matchAll(/`([A-Z][A-Z0-9]*_[A-Z0-9_]+)(?:=[^`]*)?`/g)].map(([, name = '']) => `${page}: ${name}`),
  );
  expect(named.length).toBeGreaterThan(20);
  expect([...named].map((line) => line.split(': ')[1] ?? '').filter((name) => !DESCRIBED_SETTINGS.has(name) && !OTHERS.has(name))).toEqual(
    [],
  );
});

it('the guides name routes that there are', () => {
  const { paths } = openApiDocument();
  const known = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{\w+\}/g, '{}')}`),
  );
  const named = GUIDES.flatMap((page) =>
    [...textOf(page).matchAll(/`(GET|POST|PUT|PATCH|DELETE) (\/[\w/{}-]+)/g)].map(([, method = '', path = '']) => [
      page,
      `${method} ${path.replace(/\{\w+\}/g, '{}')}`,
    ]),
  );
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter(([, route = '']) => !known.includes(route))).toEqual([]);
});

it('a page that has the doctor run tells it where PostgreSQL and Redis are: without them it always finds a problem', () => {
  const commands = PAGES.flatMap((page) => [...textOf(page).matchAll(/^[^`\n]*npx pnpm@12 trunkline doctor.*$/gm)].map(([line]) => line));
  expect(commands.length).toBeGreaterThan(0);
  expect(commands.filter((line) => !/DATABASE_URL=\S+ REDIS_URL=\S+ npx/.test(line))).toEqual([]);
});
