import { parseArgs } from 'node:util';
import { newVapidPair } from '@trunkline/service-kit';
import type { Command } from '../command.ts';

const USAGE = `Usage: trunkline vapid

Prints a new pair of keys for Web Push, as the services read it. Keep it: browsers' subscriptions are made for its public key,
and none of them can be sent to with another. Beside it goes VAPID_SUBJECT, a mailto: or https: URL where you are reached.`;

export const vapid: Command = {
  name: 'vapid',
  summary: 'print a pair of keys for Web Push',
  usage: USAGE,
  run: async (args, { print }) => {
    parseArgs({ args: [...args] });
    const { publicKey, privateKey } = newVapidPair();
    print(`VAPID_PUBLIC_KEY=${publicKey}`);
    print(`VAPID_PRIVATE_KEY=${privateKey}`);
    return 0;
  },
};
