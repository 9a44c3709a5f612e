import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { Environment } from './command.ts';
import { REPOSITORY } from './dev/dev-settings.ts';

/** The services, which are programs of their own: none is imported here. */
export const SERVICE_NAMES = ['call-service', 'socket-gateway', 'notifier'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

export interface Ended {
  exitCode: number;
  said: string;
  complained: string;
}

/** Runs a program of a service with this Node for as long as it takes, and resolves when it has ended, however that was. */
export const runServiceProgram = (service: ServiceName, file: string, args: readonly string[], env: Environment): Promise<Ended> =>
  new Promise((resolve) => {
    const script = join(REPOSITORY, 'services', service, 'src', file);
    execFile(process.execPath, [script, ...args], { env: { ...env } }, (error, said, complained) => {
      const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      const end = error?.signal ? [`${file} of ${service} was ended by ${error.signal}.`] : [];
      resolve({ exitCode, said: said.trimEnd(), complained: [complained.trimEnd(), ...end].join('\n').trim() });
    });
  });
