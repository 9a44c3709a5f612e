export { runBench } from './bench.ts';
export { Histogram } from './load/histogram.ts';
export { SCENARIOS } from './options.ts';
export { problemsInMessages } from './scenarios/message-books.ts';
