import { type Secret } from '@lib/kernel';
import { type Logger, warningsOf } from '@lib/observability';
import {
  createDataSource,
  type DatabaseRole,
  excessPowers,
  PostgresInvalidationBus,
  PostgresRegionProgress,
  requireOwnSessions,
} from '@lib/persistence';
import { type DataSource } from 'typeorm';

import { databaseConnection } from './database-connection';

export interface DatabaseSettings {
  readonly databaseUrl: Secret;
  readonly databasePoolSize: number;
}

/** Who opens the database, as it is told. */
export interface DatabaseClient {
  /** Shows up in pg_stat_activity. */
  readonly applicationName: string;
  readonly role: DatabaseRole;
}

const EXCESS =
  'the login of DATABASE_URL can do more in the database than this process may; give the process a login of its own ' +
  '(docs/operations.md, "Logins of the database")';

/** The database of the region as one process has it: its pool, and word of what others change. */
export class RegionDatabase {
  private constructor(
    readonly dataSource: DataSource,
    readonly bus: PostgresInvalidationBus,
  ) {}

  /** @throws when it cannot be reached, or its schema is not there yet */
  static async open(settings: DatabaseSettings, client: DatabaseClient, logger: Logger): Promise<RegionDatabase> {
    const log = warningsOf(logger);
    const connection = databaseConnection(settings.databaseUrl);
    const dataSource = createDataSource(connection, { ...client, poolSize: settings.databasePoolSize, log });
    await dataSource.initialize();
    const database = new RegionDatabase(dataSource, new PostgresInvalidationBus({ connection, dataSource, log }));
    try {
      await requireOwnSessions(dataSource);
      const excess = await excessPowers(dataSource, client.role);
      if (excess.length > 0) logger.warn({ excess }, EXCESS);
      // The migrations have run: every process begins with this row.
      await new PostgresRegionProgress(dataSource).read();
      await database.bus.start();
      return database;
    } catch (error) {
      // Who waits for its database tries again each second: each try would leave its connections behind.
      await database.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.bus.close();
    await this.dataSource.destroy();
  }
}
