import { readFileSync } from 'node:fs';

import { DomainError, type Secret } from '@lib/kernel';
import { type DatabaseConnection, type DatabaseTls } from '@lib/persistence';

/** A file that DATABASE_URL names cannot be read. */
export class DatabaseFileError extends DomainError {
  readonly code = 'database_file_unusable';
}

const FILES = [
  ['sslrootcert', 'ca'],
  ['sslcert', 'cert'],
  ['sslkey', 'key'],
] as const;

/**
 * Reads DATABASE_URL: a PostgreSQL URL, or `socket:/folder?db=name&user=name` for a Unix socket. Over a network the
 * server must show a certificate of its name, unless the URL says `sslmode=disable`: the login and the catalog of every
 * tenant go over this connection, and a server that only encrypts may be anybody.
 * @throws DatabaseFileError
 */
export function databaseConnection(databaseUrl: Secret): DatabaseConnection {
  const text = databaseUrl.exposeText();
  const url = new URL(text);
  if (url.protocol === 'socket:') {
    return {
      host: decodeURIComponent(url.pathname),
      database: url.searchParams.get('db') ?? 'kms',
      user: url.searchParams.get('user') ?? 'kms',
    };
  }
  const mode = url.searchParams.get('sslmode') ?? (staysHere(url) ? 'disable' : 'verify-full');
  const files = FILES.map(([parameter, field]) => [field, url.searchParams.get(parameter)] as const);
  // The driver would read them its own way: with another meaning of modes, and errors that name no variable.
  for (const parameter of ['sslmode', ...FILES.map(([name]) => name)]) url.searchParams.delete(parameter);
  if (mode === 'disable') return { url: url.href, tls: false };
  const contents = files.flatMap(([field, file]) => (file === null ? [] : [[field, contentOf(file)] as const]));
  return { url: url.href, tls: { ...(Object.fromEntries(contents) as Omit<DatabaseTls, 'host'>), host: hostOf(url) } };
}

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');

/** Unix sockets and the loopback interface: nobody is in between. */
function staysHere(url: URL): boolean {
  const host = url.searchParams.get('host') ?? hostOf(url);
  return host === '' || host.startsWith('/') || /^(localhost|127(\.\d+){3}|::1)$/i.test(host);
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new DatabaseFileError(`DATABASE_URL: the file ${file} cannot be read`, { cause });
  }
}

/** The other way round, for the environment of a child process. */
export function socketUrl({ host, database, user }: { host: string; database: string; user: string }): string {
  return `socket:${encodeURI(host)}?db=${encodeURIComponent(database)}&user=${encodeURIComponent(user)}`;
}
