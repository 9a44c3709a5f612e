import { expect, it, vi } from 'vitest';
import { Emitter } from '../src/emitter.ts';

interface Events {
  heard: number;
}

it('a listener hears until it is taken off, and one for once hears once', () => {
  const emitter = new Emitter<Events>();
  const [steady, once] = [vi.fn(), vi.fn()];
  const off = emitter.on('heard', steady);
  emitter.once('heard', once);
  emitter.emit('heard', 1);
  emitter.emit('heard', 2);
  expect([emitter.hasListeners('heard'), off(), emitter.hasListeners('heard')]).toEqual([true, undefined, false]);
  emitter.emit('heard', 3);
  expect([steady.mock.calls, once.mock.calls]).toEqual([[[1], [2]], [[1]]]);
});

it('the same listener added twice hears twice, and is taken off once at a time', () => {
  const emitter = new Emitter<Events>();
  const listener = vi.fn();
  const off = emitter.on('heard', listener);
  emitter.on('heard', listener);
  emitter.emit('heard', 1);
  off();
  emitter.emit('heard', 2);
  expect(listener.mock.calls).toEqual([[1], [1], [2]]);
});

it('a listener that throws keeps nobody else from hearing, and is reported', async () => {
  const emitter = new Emitter<Events>();
  const listener = vi.fn();
  const reported = new Promise((resolve) => {
    vi.spyOn(globalThis, 'queueMicrotask').mockImplementationOnce((report) => {
      try {
        report();
      } catch (error) {
        resolve(error);
      }
    });
  });
  emitter.on('heard', () => {
    throw new Error('a bug of the app');
  });
  emitter.on('heard', listener);
  emitter.emit('heard', 1);
  expect(listener).toHaveBeenCalledWith(1);
  expect(await reported).toMatchObject({ message: 'a bug of the app' });
});
