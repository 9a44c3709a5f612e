export { runBench } from './bench.ts';
export { Histogram } from './load/histogram.ts';
export { SCENARIOS } from './options.ts';
export { problemsInMessages } from './scenarios/message-books.ts';
export { mannWhitneyZ } from './siege/mann-whitney.ts';
export { promisesIn, type Sight } from './siege/promises.ts';
export { runSiege } from './siege/siege.ts';
export { connectRawBytes, type HandshakeOptions, type RawConnection } from './wire/websocket-connection.ts';
export { type Frame, type FrameOptions, frameBytes, OPCODES } from './wire/websocket-frames.ts';
