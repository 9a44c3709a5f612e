import { describe, expect, it } from 'vitest';
import { DatabaseClock } from './database-clock.ts';

const createClock = () => {
  const host = { now: 1000 };
  return { host, clock: new DatabaseClock(() => host.now) };
};

describe("the database's clock", () => {
  it('is unknown before it was read', () => {
    expect(createClock().clock.now()).toBeNull();
  });

  it('is read in the middle of the round trip and goes on from there', () => {
    const { host, clock } = createClock();
    clock.learn({ databaseNow: 500_000, sentAt: 980, receivedAt: 1000 });
    expect(clock.now()).toBe(500_010);
    host.now = 4000;
    expect(clock.now()).toBe(503_010);
  });

  it('keeps a quick reading rather than take a slow one', () => {
    const { host, clock } = createClock();
    clock.learn({ databaseNow: 500_000, sentAt: 999, receivedAt: 1000 });
    host.now = 6000;
    clock.learn({ databaseNow: 504_100, sentAt: 5000, receivedAt: 6000 });
    expect(clock.now()).toBe(505_000.5);
  });

  it('takes a quicker reading', () => {
    const { host, clock } = createClock();
    clock.learn({ databaseNow: 500_000, sentAt: 0, receivedAt: 1000 });
    host.now = 2000;
    clock.learn({ databaseNow: 501_300, sentAt: 1998, receivedAt: 2000 });
    expect(clock.now()).toBe(501_301);
  });

  it('takes any reading that no error explains: a clock was stepped', () => {
    const { host, clock } = createClock();
    clock.learn({ databaseNow: 500_000, sentAt: 999, receivedAt: 1000 });
    host.now = 2000;
    clock.learn({ databaseNow: 900_000, sentAt: 1900, receivedAt: 2000 });
    expect(clock.now()).toBe(900_050);
  });

  it('takes a slow reading at last, when the quick one is long ago', () => {
    const { host, clock } = createClock();
    clock.learn({ databaseNow: 500_000, sentAt: 999, receivedAt: 1000 });
    host.now = 1_000_000;
    clock.learn({ databaseNow: 1_499_300, sentAt: 999_900, receivedAt: 1_000_000 });
    expect(clock.now()).toBe(1_499_350);
  });
});
