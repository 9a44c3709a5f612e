import { mannWhitneyZ, promisesIn, runSiege, type Sight } from '@trunkline/bench';
import { expect, inject, it } from 'vitest';

const backing = () => ({ DATABASE_URL: inject('templateDatabaseUrl'), REDIS_URL: inject('redisUrl') });

const SMALL = ['--seconds', '2', '--attackers', '64', '--honest', '24', '--rate', '8', '--frames', '4000', '--seed', '7'];

it('every attack at once costs no process, no honest call and little memory', { timeout: 180_000 }, async () => {
  const lines: string[] = [];
  // How long things take is for the long run on a quiet machine.
  const code = await runSiege([...SMALL, '--factor', '0'], backing(), (line) => void lines.push(line));
  expect(code, lines.join('\n')).toBe(0);
});

it('a siege that makes no sense is answered with the usage', async () => {
  const lines: string[] = [];
  expect(await runSiege(['--attackers', 'many'], backing(), (line) => void lines.push(line))).toBe(2);
  expect(lines.join('\n')).toContain('Usage: pnpm siege');
});

const FINE: Sight = {
  growth: 20,
  quietP99: 20,
  besiegedP99: 30,
  honestCalls: 100,
  honestCallsLost: 0,
  honestConnectionsLost: 0,
  errorsLogged: 0,
  processesEnded: 0,
  framesAsked: 1000,
  framesSent: 1000,
  attackers: 64,
  attackersAsked: 64,
};

const brokenIn = (sight: Sight, factor = 2): number => promisesIn(sight, factor).filter(({ kept }) => !kept).length;

it('what was seen keeps the promises', () => {
  expect(brokenIn(FINE)).toBe(0);
  expect(brokenIn({ ...FINE, quietP99: 1, besiegedP99: 19 })).toBe(0);
  expect(brokenIn({ ...FINE, besiegedP99: 2000 }, 0)).toBe(0);
});

it.each<Partial<Sight>>([
  { growth: 150 },
  { besiegedP99: 40 },
  { honestCalls: 0 },
  { honestCallsLost: 1 },
  { honestConnectionsLost: 1 },
  { errorsLogged: 1 },
  { processesEnded: 1 },
  { framesSent: 999 },
  { attackers: 63 },
])('%j breaks one of them', (seen) => {
  expect(brokenIn({ ...FINE, ...seen })).toBe(1);
});

it('samples that are alike are not apart, and others are', () => {
  const numbers = Array.from({ length: 100 }, (_, index) => index);
  expect(mannWhitneyZ(numbers, numbers)).toBe(0);
  expect(mannWhitneyZ([1, 1, 1], [1, 1, 1])).toBe(0);
  expect(
    mannWhitneyZ(
      numbers,
      numbers.map((number) => number + 40),
    ),
  ).toBeLessThan(-4);
  expect(
    mannWhitneyZ(
      numbers.map((number) => number + 40),
      numbers,
    ),
  ).toBeGreaterThan(4);
  expect(mannWhitneyZ([1, 2], [3, 4])).toBeCloseTo(-1.549, 3);
});
