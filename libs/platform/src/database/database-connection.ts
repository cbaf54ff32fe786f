import { readFileSync } from 'node:fs';

import { DomainError, Secret } from '@lib/kernel';
import {
  type DatabaseConnection,
  type DatabaseLogin,
  type DatabaseRole,
  type DatabaseServer,
  type DatabaseTls,
} from '@lib/persistence';

const SOCKET = 'socket:';
const DEFAULT_PORT = 5432;

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
 * tenant go over this connection, and a server that only encrypts may be anybody. Of several servers it is the primary.
 * @throws DatabaseFileError
 */
export function databaseConnection(databaseUrl: Secret): DatabaseConnection {
  const text = databaseUrl.exposeText();
  const url = new URL(text);
  if (url.protocol === SOCKET) {
    const password = url.searchParams.get('password');
    return {
      host: decodeURIComponent(url.pathname),
      database: url.searchParams.get('db') ?? 'kms',
      user: url.searchParams.get('user') ?? 'kms',
      ...(password === null ? {} : { password }),
    };
  }
  const servers = serversOf(url);
  const mode = url.searchParams.get('sslmode') ?? (staysHere(url, servers) ? 'disable' : 'verify-full');
  const files = FILES.map(([parameter, field]) => [field, url.searchParams.get(parameter)] as const);
  // The driver would read them its own way: with another meaning of modes, and errors that name no variable.
  for (const parameter of ['sslmode', ...FILES.map(([name]) => name)]) url.searchParams.delete(parameter);
  const cluster = servers === undefined ? {} : { servers };
  if (servers !== undefined) for (const name of ['host', 'port']) url.searchParams.delete(name);
  if (mode === 'disable') return { url: url.href, tls: false, ...cluster };
  const contents = files.flatMap(([field, file]) => (file === null ? [] : [[field, contentOf(file)] as const]));
  const tls = { ...(Object.fromEntries(contents) as Omit<DatabaseTls, 'host'>), host: hostOf(url) };
  return { url: url.href, tls, ...cluster };
}

/** Several servers as libpq has them in its parameters: `host=a,b&port=5432,5433`, or one port of all. */
function serversOf(url: URL): readonly DatabaseServer[] | undefined {
  const hosts = url.searchParams.get('host')?.split(',') ?? [];
  if (hosts.length < 2) return undefined;
  const ports = (url.searchParams.get('port') ?? url.port).split(',');
  return hosts.map((host, index) => ({
    host: host.replace(/^\[|\]$/g, ''),
    port: Number((ports.length === 1 ? ports[0] : ports[index]) || DEFAULT_PORT),
  }));
}

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');

/** Unix sockets and the loopback interface: nobody is in between. */
function staysHere(url: URL, servers: readonly DatabaseServer[] | undefined): boolean {
  if (servers !== undefined) return servers.every(({ host }) => isHere(host));
  return isHere(url.searchParams.get('host') ?? hostOf(url));
}

function isHere(host: string): boolean {
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
export function socketUrl({
  host,
  database,
  user,
  password,
}: DatabaseLogin & { readonly host: string; readonly database: string }): string {
  const query = new URLSearchParams({ db: database, user, password });
  return `${SOCKET}${encodeURI(host)}?${query.toString()}`;
}

/** Whom a database URL names. @returns undefined when it has no name or no password of its own */
export function loginIn(databaseUrl: Secret): DatabaseLogin | undefined {
  const url = new URL(databaseUrl.exposeText());
  const socket = url.protocol === SOCKET;
  const user = socket ? url.searchParams.get('user') : decodeURIComponent(url.username);
  const password = socket ? url.searchParams.get('password') : decodeURIComponent(url.password);
  return user === null || user === '' || password === null || password === '' ? undefined : { user, password };
}

/** The owner's URL with the login of a process in its place: named by database, since logins are the whole server's. */
export function withLogin(owner: Secret, role: DatabaseRole, password: string): { url: Secret; login: DatabaseLogin } {
  const url = new URL(owner.exposeText());
  const socket = url.protocol === SOCKET;
  const database = socket ? url.searchParams.get('db') : decodeURIComponent(url.pathname.slice(1));
  const login = { user: `${database === null || database === '' ? 'kms' : database}_${role}_login`, password };
  if (socket) {
    url.searchParams.set('user', login.user);
    url.searchParams.set('password', password);
  } else {
    url.username = encodeURIComponent(login.user);
    url.password = encodeURIComponent(password);
  }
  return { url: Secret.fromText(url.toString()), login };
}
