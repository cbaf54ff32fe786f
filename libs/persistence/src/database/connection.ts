import { checkServerIdentity, type ConnectionOptions } from 'node:tls';

import { type ClientConfig, type PoolConfig } from 'pg';

import { type Lane } from './database-shares';
import { type DatabaseServer, PrimaryFinder } from './primary-finder';

/** Where the database is: an URL, or the Unix socket folder of the embedded server. */
export type DatabaseConnection =
  | {
      readonly url: string;
      readonly tls?: DatabaseTls | false;
      /** Of a cluster: whichever of them is the primary is connected to, and not the one that the URL names. */
      readonly servers?: readonly DatabaseServer[];
    }
  | {
      readonly host: string;
      readonly user: string;
      readonly database: string;
      readonly password?: string;
      readonly port?: number;
    };

/** The server must show a certificate of `host` that one of `ca` signed; without `ca` one of those the system knows. */
export interface DatabaseTls {
  readonly host: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Time limits of one use of the database. Together they answer a caller within 5 s even when the server hangs. */
export const LIMITS = {
  /** Whole transaction, waiting for a connection included; enforced on our side by cutting the connection. */
  transactionMs: 4_500,
  connectMs: 2_000,
  lockMs: 3_000,
  idleInTransactionMs: 10_000,
} as const;

/**
 * How long one statement may hold its connection, in milliseconds. Longer than LIMITS.lockMs where it may
 * wait for a row; a search or a list waits for none, and must not keep others from the pool as long as a Get may.
 */
export const STATEMENT_MS: Readonly<Record<Lane, number>> = {
  serving: 4_000,
  changes: 4_000,
  search: 2_000,
  lists: 2_000,
};

/** What a connection begins with, and what is done outside the lanes has. */
export const DEFAULT_STATEMENT_MS = STATEMENT_MS.serving;

export function clientConfig(connection: DatabaseConnection, applicationName: string): PoolConfig {
  const target =
    'url' in connection
      ? clusterConfig(connection)
      : {
          host: connection.host,
          user: connection.user,
          database: connection.database,
          ...(connection.password === undefined ? {} : { password: connection.password }),
          ...(connection.port === undefined ? {} : { port: connection.port }),
        };
  return { ...target, application_name: applicationName, connectionTimeoutMillis: LIMITS.connectMs, keepAlive: true };
}

type UrlConnection = Extract<DatabaseConnection, { readonly url: string }>;

/** All pools and connections of a process to one cluster share what is known of it. */
const finders = new WeakMap<DatabaseConnection, PrimaryFinder>();

function clusterConfig(connection: UrlConnection): ClientConfig {
  const { url, tls, servers } = connection;
  const ssl = tls === undefined ? {} : { ssl: servers === undefined || tls === false ? tls : anyOf(servers, tls) };
  if (servers === undefined) return { connectionString: url, ...ssl };
  const finder =
    finders.get(connection) ??
    new PrimaryFinder(servers, (server) => ({
      connectionString: addressedTo(url, server),
      application_name: 'kmip-primary',
      ...ssl,
    }));
  finders.set(connection, finder);
  return { connectionString: url, ...ssl, stream: () => finder.socket() };
}

function addressedTo(url: string, { host, port }: DatabaseServer): string {
  const addressed = new URL(url);
  addressed.hostname = host.includes(':') ? `[${host}]` : host;
  addressed.port = String(port);
  return addressed.href;
}

/** Which one it will be is not known yet. Each is trusted as much as the others: a certificate of any of them will do. */
function anyOf(servers: readonly DatabaseServer[], tls: DatabaseTls): ConnectionOptions {
  return {
    ...tls,
    checkServerIdentity: (_, certificate) => {
      const errors = servers.map(({ host }) => checkServerIdentity(host, certificate));
      return errors.includes(undefined) ? undefined : errors[0];
    },
  };
}
