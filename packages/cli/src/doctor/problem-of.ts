import type { SettingProblem } from '@trunkline/service-kit';
import type { Finding } from './finding.ts';

/** A setting that a service refuses, with what to do about it where the table says that. */
export const problemOf = ({ name, says }: SettingProblem, advices: Readonly<Record<string, string>>): Finding => {
  const advice = advices[name];
  return { level: 'problem', about: name, says, ...(advice === undefined ? {} : { advice }) };
};
