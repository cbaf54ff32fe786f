import { type ClientBase } from 'pg';
import { DataSource } from 'typeorm';

import { entities } from '../entities/all-entities';
import { DEFAULT_STATEMENT_MS, clientConfig, type DatabaseConnection, LIMITS } from './connection';

/** The process that works with the database, by what it may do there: `migrations/grants.ts` says what. */
export type DatabaseRole = 'gateway' | 'api';

export interface DataSourceOptions {
  /** `login`: what the login itself may do, which only tests leave it at. */
  readonly role: DatabaseRole | 'login';
  /** Shows up in pg_stat_activity. */
  readonly applicationName: string;
  /** Connections of this process; all processes together must stay under the server's max_connections. */
  readonly poolSize?: number;
  readonly log?: (message: string) => void;
}

const DEFAULT_POOL_SIZE = 10;
/**
 * A prepared statement may keep a plan that was made while its table was nearly empty. Autovacuum sees to that within a
 * minute of growth; where it does not, the plan ends with its connection.
 */
const CONNECTION_LIFETIME_SECONDS = 600;
/**
 * SET ROLE at session start. A login of the process has no other powers; with one that does have, such as the owner's of
 * an installation that knows no other, mistakes at least are subject to row-level security and the grants.
 */
export const ROLE_NAMES: Readonly<Record<DatabaseRole, string>> = { gateway: 'kmip_gateway', api: 'kmip_api' };

/** The application's pool, not yet connected: `initialize()` it after {@link runMigrations}, `destroy()` it at the end. */
export function createDataSource(connection: DatabaseConnection, options: DataSourceOptions): DataSource {
  return new DataSource({
    type: 'postgres',
    entities,
    synchronize: false,
    migrationsRun: false,
    installExtensions: false,
    logging: false,
    // Idle connections that break are replaced by the pool; without a handler they would end the process.
    poolErrorHandler: (error: unknown) => options.log?.(`idle database connection lost: ${String(error)}`),
    extra: {
      ...clientConfig(connection, options.applicationName),
      max: options.poolSize ?? DEFAULT_POOL_SIZE,
      maxLifetimeSeconds: CONNECTION_LIFETIME_SECONDS,
      onConnect: (client: PoolClient) => beginSession(client, options.role),
    },
  });
}

type PoolClient = ClientBase & { end(): Promise<void> };

/** Said in the session, as poolers do not pass on what a connection is opened with: they refuse or forget it. */
async function beginSession(client: PoolClient, role: DatabaseRole | 'login'): Promise<void> {
  const settings = [
    ...(role === 'login' ? [] : [`SET ROLE ${ROLE_NAMES[role]}`]),
    `SET statement_timeout = ${String(DEFAULT_STATEMENT_MS)}`,
    `SET lock_timeout = ${String(LIMITS.lockMs)}`,
    `SET idle_in_transaction_session_timeout = ${String(LIMITS.idleInTransactionMs)}`,
  ];
  // The pool waits for this without a limit, and a server that hangs would keep the place in it for ever.
  const timer = setTimeout(() => void client.end().catch(() => undefined), LIMITS.connectMs);
  try {
    await client.query(settings.join('; '));
  } finally {
    clearTimeout(timer);
  }
}
