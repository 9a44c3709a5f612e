import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { loadDevSettings } from './dev-settings.ts';
import { planPorts, portProblems } from './ports.ts';

const plan = (env: Record<string, string>, hasPushStandIn = true) => planPorts(loadDevSettings(env), hasPushStandIn);

test('gateways count up, call-services count down', () => {
  const { callServices, gateways, notifier, frontDoor, pushStandIn } = plan({ GATEWAYS: '3', CALL_SERVICES: '2' });
  expect(callServices.map(({ port, owner }) => [port, owner])).toEqual([
    [4000, 'call-service-4000'],
    [3999, 'call-service-3999'],
  ]);
  expect(gateways.map(({ port }) => port)).toEqual([4001, 4002, 4003]);
  expect([notifier.port, frontDoor.port, pushStandIn?.port]).toEqual([4090, 4080, 4070]);
});

test('a run without a push stand-in wants no port for one', async () => {
  expect(plan({}, false).pushStandIn).toBe(null);
  expect(await portProblems(plan({ PUSH_STAND_IN_PORT: '4090' }, false))).not.toContainEqual(expect.stringContaining('PUSH_STAND_IN_PORT'));
});

test('a port that is taken on one address or on all is named, with the variable that moves it', async () => {
  for (const host of ['127.0.0.1', undefined]) {
    const rival = createServer().listen(0, host);
    await once(rival, 'listening');
    const { port } = rival.address() as AddressInfo;
    const problems = await portProblems(plan({ NOTIFIER_PORT: String(port) }));
    expect(problems).toContain(`Port ${port}, for notifier, is taken: stop what listens there, or set NOTIFIER_PORT to another port.`);
    rival.close();
  }
});

test('a port that two services want, and one that does not exist, are problems', async () => {
  const problems = await portProblems(plan({ GATEWAY_PORT: '65535', FRONT_DOOR_PORT: '4090' }));
  expect(problems).toContain('There is no port 65536 for gateway-65536: change GATEWAY_PORT.');
  expect(problems).toContain('Port 4090 is wanted by both notifier (NOTIFIER_PORT) and front-door (FRONT_DOOR_PORT).');
});

test('settings that make no sense are all named at once', () => {
  expect(() => plan({ GATEWAYS: '0', CALL_SERVICE_PORT: '40x' })).toThrow(
    /GATEWAYS: must be at least 1[\s\S]*CALL_SERVICE_PORT: must be a whole number/,
  );
});
