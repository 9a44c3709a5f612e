import { expect, test } from 'vitest';
import { createRoutes } from './front-door-routes.ts';

const routes = () => createRoutes({ gateways: [4001, 4002, 4003], callServices: [4000, 3999] });

test.each(['/socket.io/?EIO=4&transport=polling', '/socket.io', '/ws/chat?token=x', '/ws/otomo'])('%s goes to the gateways', (url) => {
  expect(routes()(url)).toEqual([4001, 4002, 4003]);
});

test.each([
  '/',
  '/api/v1/calls/history',
  '/v1/server/calls/1/trace',
  '/console',
  '/docs?x=/ws/',
  '/wsx',
  '/internals',
  '/socket.iox/',
  '*',
  '',
])('"%s" goes to the call-services', (url) => {
  expect(routes()(url)).toEqual([4000, 3999]);
});

test.each(['/internal', '/internal/commands', '/internal?x=/api/', '/Internal/commands', 'http://inside/internal/commands'])(
  '"%s" goes to nobody, as in production',
  (url) => {
    expect(routes()(url)).toEqual([]);
  },
);

test('each connection begins with the next, and has the others to fall back on', () => {
  const route = routes();
  expect([1, 2, 3, 4].map(() => route('/ws/chat'))).toEqual([
    [4001, 4002, 4003],
    [4002, 4003, 4001],
    [4003, 4001, 4002],
    [4001, 4002, 4003],
  ]);
  expect([1, 2, 3].map(() => route('/api')[0])).toEqual([4000, 3999, 4000]);
});

test('a session stays with the gateway that holds it', () => {
  const route = routes();
  for (const _ of [1, 2, 3]) expect(route('/socket.io/?EIO=4&transport=polling&sid=4002-AbC-d_1')).toEqual([4002]);
});

test.each(['22-AbC', '4000-AbC', '4002', '-4002-AbC', 'AbC', ''])('the session id "%s" leads nowhere but to the gateways', (sid) => {
  expect(routes()(`/socket.io/?sid=${sid}`)).toEqual([4001, 4002, 4003]);
});
