import { DataSource } from 'typeorm';

import { entities } from '../entities/all-entities';
import { clientConfig, type DatabaseConnection, LIMITS } from './connection';

export interface DataSourceOptions {
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
/** SET ROLE at session start. Everything the application does is subject to row-level security from then on. */
const APPLICATION_ROLE = 'kmip_app';

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
      options: `-c role=${APPLICATION_ROLE}`,
      max: options.poolSize ?? DEFAULT_POOL_SIZE,
      maxLifetimeSeconds: CONNECTION_LIFETIME_SECONDS,
      statement_timeout: LIMITS.statementMs,
      lock_timeout: LIMITS.lockMs,
      idle_in_transaction_session_timeout: LIMITS.idleInTransactionMs,
    },
  });
}
