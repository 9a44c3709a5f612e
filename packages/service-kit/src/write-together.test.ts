import { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { writeTogether } from './write-together.ts';

/** A stream that tells what each of its writes took along. */
const tellingStream = () => {
  const writes: string[][] = [];
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk, _encoding, done) => {
      writes.push([String(chunk)]);
      done();
    },
    writev: (chunks, done) => {
      writes.push(chunks.map(({ chunk }) => String(chunk)));
      done();
    },
  });
  return { stream, writes };
};

it('what is written in one turn leaves in one write, and what comes later in its own', async () => {
  const { stream, writes } = tellingStream();
  for (const text of ['one', 'two', 'three']) {
    writeTogether(stream);
    stream.write(text);
    await Promise.resolve();
  }
  expect(writes).toEqual([]);
  await nextTurn();
  writeTogether(stream);
  stream.write('later');
  await nextTurn();
  expect(writes).toEqual([['one', 'two', 'three'], ['later']]);
});
