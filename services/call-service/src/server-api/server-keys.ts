import { createHash, randomBytes } from 'node:crypto';
import { type Refusal, refusal } from '@trunkline/contract';
import { isSameSecret, type Logger } from '@trunkline/service-kit';
import type { Database } from '../database/database.ts';

/** What keys of the table begin with: nothing else is looked up there. */
const PREFIX = 'tlk_';
const KEY_BYTES = 32;

const FIND = {
  name: 'find_server_key',
  text: `SELECT name, coalesce(last_used_at < clock_timestamp() - interval '1 minute', true) AS "isStale" FROM server_keys
    WHERE hash = $1 AND revoked_at IS NULL`,
};
const NOTE_USE = { name: 'note_server_key_use', text: 'UPDATE server_keys SET last_used_at = clock_timestamp() WHERE name = $1' };
const CREATE = {
  name: 'create_server_key',
  text: `WITH made AS (
      INSERT INTO server_keys (name, hash, created_by) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING RETURNING name, created_at
    ), audited AS (
      INSERT INTO server_audit (action, key_name, detail) SELECT 'create_key', $3, jsonb_build_object('name', name) FROM made
    )
    SELECT created_at AS "createdAt" FROM made`,
};
const READ_ALL = {
  name: 'read_server_keys',
  text: `SELECT name, created_at AS "createdAt", created_by AS "createdBy", last_used_at AS "lastUsedAt", revoked_at AS "revokedAt"
    FROM server_keys ORDER BY created_at, name`,
};
const REVOKE = {
  name: 'revoke_server_key',
  text: `WITH known AS MATERIALIZED (SELECT name, revoked_at FROM server_keys WHERE name = $1 FOR UPDATE), revoked AS (
      UPDATE server_keys k SET revoked_at = clock_timestamp() FROM known WHERE k.name = known.name AND known.revoked_at IS NULL
      RETURNING k.name, k.revoked_at
    ), audited AS (
      INSERT INTO server_audit (action, key_name, detail) SELECT 'revoke_key', $2, jsonb_build_object('name', name) FROM revoked
    )
    SELECT coalesce(revoked.revoked_at, known.revoked_at) AS "revokedAt" FROM known LEFT JOIN revoked USING (name)`,
};

export interface CreatedKey {
  name: string;
  /** Shown this once. */
  key: string;
  createdAt: Date;
  createdBy: string;
}

/** A key, without what would let one in. */
export interface ListedKey {
  name: string;
  source: 'environment' | 'table';
  createdAt: Date | null;
  createdBy: string | null;
  lastUsedAt: Date | null;
  revokedAt: Date | null;
}

/** The keys of the app's backend: those of the environment, and those of the table, which every replica asks each time. */
export interface ServerKeys {
  /** The name of a key that counts; null for anything else. */
  nameOf(given: string | null): Promise<string | null>;
  create(name: string, by: string): Promise<CreatedKey | Refusal>;
  list(): Promise<ListedKey[]>;
  /** When it was revoked, now or before; null where there is no such key in the table. */
  revoke(name: string, by: string): Promise<Date | null>;
}

const hashOf = (key: string): Buffer => createHash('sha256').update(key).digest();

const environmentName = (index: number): string => `environment-${index + 1}`;

export interface ServerKeysOptions {
  database: Database;
  /** The keys of SERVER_API_KEYS. */
  fromEnvironment: readonly string[];
  logger: Logger;
}

export const createServerKeys = ({ database, fromEnvironment, logger }: ServerKeysOptions): ServerKeys => {
  /** Every key is compared, so that the time says nothing about which one it was. */
  const nameInEnvironment = (given: string): string | null => {
    const matches = fromEnvironment.map((key) => isSameSecret(given, key));
    const index = matches.indexOf(true);
    return index === -1 ? null : environmentName(index);
  };

  const nameInTable = async (given: string): Promise<string | null> => {
    if (!given.startsWith(PREFIX)) return null;
    const [found] = await database.query<{ name: string; isStale: boolean }>(FIND, [hashOf(given)]);
    if (found === undefined) return null;
    if (found.isStale)
      database
        .query(NOTE_USE, [found.name])
        .catch((error: unknown) => logger.warn({ err: error }, 'the use of a server key was not noted'));
    return found.name;
  };

  return {
    nameOf: async (given) => (given === null ? null : (nameInEnvironment(given) ?? nameInTable(given))),
    create: async (name, by) => {
      const key = `${PREFIX}${randomBytes(KEY_BYTES).toString('base64url')}`;
      const [made] = await database.query<{ createdAt: Date }>(CREATE, [name, hashOf(key), by]);
      if (made === undefined) return refusal('conflict', { message: 'There is, or was, a key of this name' });
      return { name, key, createdAt: made.createdAt, createdBy: by };
    },
    list: async () => {
      const unknown = { createdAt: null, createdBy: null, lastUsedAt: null, revokedAt: null };
      const inTable = await database.query<Omit<ListedKey, 'source'>>(READ_ALL, []);
      return [
        ...fromEnvironment.map((_, index) => ({ name: environmentName(index), source: 'environment' as const, ...unknown })),
        ...inTable.map((key) => ({ ...key, source: 'table' as const })),
      ];
    },
    revoke: async (name, by) => (await database.query<{ revokedAt: Date }>(REVOKE, [name, by]))[0]?.revokedAt ?? null,
  };
};
