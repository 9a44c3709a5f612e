import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nestsDeeperThan } from './nesting.ts';

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;

describe('the depth of JSON text', () => {
  it('lets 32 levels through and not 33', () => {
    expect(nestsDeeperThan(32, nested(32))).toBe(false);
    expect(nestsDeeperThan(32, nested(33))).toBe(true);
  });

  it('counts levels, not brackets', () => {
    expect(nestsDeeperThan(2, '[[],[],[],{},{}]')).toBe(false);
  });

  it('ignores brackets inside strings, also after escapes', () => {
    expect(nestsDeeperThan(1, JSON.stringify(['[[[[', 'a"[[[[', '\\', '\\"[[[']))).toBe(false);
    expect(nestsDeeperThan(1, '["\\\\",[]]')).toBe(true);
  });

  it('survives a string that never ends', () => {
    expect(nestsDeeperThan(1, '["[[[[')).toBe(false);
    expect(nestsDeeperThan(1, '["\\')).toBe(false);
  });

  it('is the depth of the parsed value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), fc.integer({ min: 0, max: 8 }), (value, limit) => {
        expect(nestsDeeperThan(limit, JSON.stringify(value))).toBe(depthOf(value) > limit);
      }),
    );
  });
});
