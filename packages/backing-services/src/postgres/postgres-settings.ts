export const SUPERUSER = 'postgres';
export const DATABASE = 'trunkline';

const assignments = (settings: Readonly<Record<string, string>>): string[] =>
  Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);

/** What every PostgreSQL of ours is started with. `synchronous_commit` stays on: killing the server must lose nothing that was acknowledged. */
export const postgresSettings = ({ durable }: { durable: boolean }): string[] =>
  assignments({
    max_connections: '300',
    shared_buffers: '128MB',
    wal_level: 'minimal',
    max_wal_senders: '0',
    timezone: 'UTC',
    log_timezone: 'UTC',
    synchronous_commit: 'on',
    ...(durable ? {} : { fsync: 'off', full_page_writes: 'off' }),
  });

/** Reachable on 127.0.0.1 alone. */
export const listenSettings = (port: number): string[] =>
  assignments({ listen_addresses: '127.0.0.1', port: String(port), unix_socket_directories: '' });
