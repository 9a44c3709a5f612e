import { callServiceSettings } from '@trunkline/call-service';
import { notifierSettings } from '@trunkline/notifier';
import { gatewaySettings } from '@trunkline/socket-gateway';
import { z } from 'zod';
import { code, table } from './table.ts';

type Settings = Readonly<Record<string, z.ZodType>>;

/** The settings of each folder of `services`. */
export const SERVICES: Readonly<Record<string, Settings>> = {
  'call-service': callServiceSettings,
  'socket-gateway': gatewaySettings,
  notifier: notifierSettings,
};

interface Described {
  name: string;
  what: string;
  values: string;
  ifUnset: string;
}

const valuesOf = ({ enum: words, minimum, maximum }: z.core.JSONSchema.BaseSchema): string => {
  if (words !== undefined) return words.map((word) => code(String(word))).join(', ');
  return minimum === undefined ? '' : `${minimum}–${maximum}`;
};

const ifUnset = (setting: z.ZodType): string => {
  const [unset, again] = [setting.safeParse(undefined), setting.safeParse(undefined)];
  if (!unset.success) return '**required**';
  const value = String(unset.data ?? '');
  if (value !== String(again.data ?? '')) return 'a random one';
  return value === '' ? '' : code(value);
};

const describe = (service: string, name: string, setting: z.ZodType): Described => {
  if (setting.description === undefined) throw new Error(`${name} of ${service} says nothing about itself`);
  const values = valuesOf(z.toJSONSchema(setting, { io: 'output', unrepresentable: 'any' }));
  return { name, what: setting.description, values, ifUnset: ifUnset(setting) };
};

/** A row for each setting, with all services that have the same one. */
const rows = (): string[][] => {
  const services = new Map<string, { setting: Described; owners: string[] }>();
  for (const [service, settings] of Object.entries(SERVICES)) {
    for (const [name, schema] of Object.entries(settings)) {
      const setting = describe(service, name, schema);
      const key = JSON.stringify(setting);
      services.set(key, { setting, owners: [...(services.get(key)?.owners ?? []), service] });
    }
  }
  // A key begins with the setting's name.
  return [...services]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { setting, owners }]) => [
      code(setting.name),
      setting.what,
      setting.values,
      setting.ifUnset,
      owners.length === Object.keys(SERVICES).length ? 'all' : owners.join(', '),
    ]);
};

export const configurationPage = (): string => `# Configuration

Generated from each service's settings by \`pnpm docs:generate\`; a test fails when it is stale.

Every setting is an environment variable; an empty one counts as unset. A service that is given a value it cannot use does not start,
and names every problem at once. \`--check-config\` does only that. Blanks around URLs, JSON and the items of lists are dropped; any other
secret that begins or ends with one, or with the line break of the file that it came from, is refused.

${table(['name', 'what', 'values', 'default', 'services'], rows())}`;
