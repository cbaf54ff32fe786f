import { type Secret } from '@lib/kernel';
import { type DatabaseConnection } from '@lib/persistence';

/** Reads DATABASE_URL: a PostgreSQL URL as it is, or `socket:/folder?db=name&user=name` for a Unix socket. */
export function databaseConnection(databaseUrl: Secret): DatabaseConnection {
  const text = databaseUrl.exposeText();
  if (!text.startsWith('socket:')) return { url: text };
  const url = new URL(text);
  return {
    host: decodeURIComponent(url.pathname),
    database: url.searchParams.get('db') ?? 'kms',
    user: url.searchParams.get('user') ?? 'kms',
  };
}

/** The other way round, for the environment of a child process. */
export function socketUrl({ host, database, user }: { host: string; database: string; user: string }): string {
  return `socket:${encodeURI(host)}?db=${encodeURIComponent(database)}&user=${encodeURIComponent(user)}`;
}
