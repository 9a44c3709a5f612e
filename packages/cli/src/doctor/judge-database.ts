import type { Finding } from './finding.ts';

export interface DatabaseFacts {
  /** `server_version_num`: 180004 is 18.4. */
  version: number;
  synchronousCommit: string;
  fsync: string;
  fullPageWrites: string;
  maxConnections: number;
  /** Migrations of this version that have not run. */
  missing: readonly string[];
}

const ABOUT = 'PostgreSQL';
const OLDEST = 16;
/** `on`, and what is stricter or the same where there is no synchronous standby. */
const DURABLE = new Set(['on', 'remote_apply']);
const FEW_CONNECTIONS = 50;

type Look = (facts: DatabaseFacts) => Finding;

const lookAtVersion: Look = ({ version }) => {
  const major = Math.floor(version / 10_000);
  const says = `version ${major}.${version % 10_000}`;
  if (major >= OLDEST) return { level: 'ok', about: ABOUT, says };
  return { level: 'problem', about: ABOUT, says, advice: `Upgrade to PostgreSQL ${OLDEST} or later; Trunkline is tested with 18.` };
};

const lookAtCommit: Look = ({ synchronousCommit }) => {
  const says = `synchronous_commit=${synchronousCommit}`;
  if (DURABLE.has(synchronousCommit)) return { level: 'ok', about: ABOUT, says };
  const advice =
    'Set it to on: ALTER SYSTEM SET synchronous_commit = on; SELECT pg_reload_conf(); Services ask for it on each connection, and a pooler may drop that.';
  return { level: 'problem', about: ABOUT, says, advice };
};

const lookAtDisk: Look = ({ fsync, fullPageWrites }) => {
  const says = `fsync=${fsync}, full_page_writes=${fullPageWrites}`;
  if (fsync === 'on' && fullPageWrites === 'on') return { level: 'ok', about: ABOUT, says };
  return {
    level: 'problem',
    about: ABOUT,
    says,
    advice: 'Switch both on: without them a crash of the machine loses calls that were acknowledged.',
  };
};

const lookAtConnections: Look = ({ maxConnections }) => {
  const says = `max_connections=${maxConnections}`;
  if (maxConnections >= FEW_CONNECTIONS) return { level: 'ok', about: ABOUT, says };
  return {
    level: 'note',
    about: ABOUT,
    says,
    advice: 'Each call-service takes up to DATABASE_POOL_SIZE (10) of them; replicas together must stay below.',
  };
};

const lookAtSchema: Look = ({ missing }) =>
  missing.length === 0
    ? { level: 'ok', about: ABOUT, says: 'the tables are there' }
    : {
        level: 'problem',
        about: ABOUT,
        says: `the tables of this version are missing: ${missing.join(', ')}`,
        advice: 'Run the migration: node services/call-service/src/migrate.ts',
      };

export const judgeDatabase = (facts: DatabaseFacts): Finding[] =>
  [lookAtVersion, lookAtCommit, lookAtDisk, lookAtConnections, lookAtSchema].map((look) => look(facts));
