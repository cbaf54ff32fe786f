import { DataSource } from 'typeorm';

import { migrations } from '../../../../migrations';
import { applyGrants } from '../../../../migrations/grants';
import { entities } from '../entities/all-entities';
import { clientConfig, type DatabaseConnection } from './connection';
import { requireOwnSessions } from './own-sessions';

/** A start has nobody waiting behind it: better late on a busy server than failed. */
const CONNECT_MS = 15_000;

/** TypeORM takes no lock of its own: two processes that start together would both create the tables. */
const LOCK = 'pg_advisory_lock(815, 1)';
const UNLOCK = 'pg_advisory_unlock(815, 1)';

/**
 * Brings the schema and who may do what with it up to date, once, whichever process comes first; the others wait.
 * Connects as the owner.
 * @returns names of the migrations that ran
 */
export async function runMigrations(connection: DatabaseConnection): Promise<readonly string[]> {
  return asOwner(connection, async (dataSource) => {
    const ran = await dataSource.runMigrations({ transaction: 'each' });
    await applyGrants(dataSource.createQueryRunner());
    return ran.map(({ name }) => name);
  });
}

export interface MigrationStatus {
  readonly name: string;
  readonly ran: boolean;
}

/** Every migration of this release in the order they run, and what else the database says ran: a newer release's. */
export async function migrationStatus(connection: DatabaseConnection): Promise<readonly MigrationStatus[]> {
  return asOwner(connection, async (dataSource) => {
    const table: { there: boolean }[] = await dataSource.query("SELECT to_regclass('migrations') IS NOT NULL AS there");
    const rows: { name: string }[] =
      table[0]?.there === true ? await dataSource.query('SELECT name FROM migrations ORDER BY id') : [];
    const ran = new Set(rows.map(({ name }) => name));
    const ours = dataSource.migrations.map(({ name, constructor }) => name ?? constructor.name);
    return [...new Set([...ours, ...ran])].map((name) => ({ name, ran: ran.has(name) }));
  });
}

/** Takes back the newest migration, for a release that has to be withdrawn. Its data is lost. */
export async function revertLastMigration(connection: DatabaseConnection): Promise<void> {
  await asOwner(connection, (dataSource) => dataSource.undoLastMigration({ transaction: 'each' }));
}

/** Differences between the entities and the database, as SQL; empty when there is no drift. */
export async function schemaDrift(connection: DatabaseConnection): Promise<readonly string[]> {
  return asOwner(connection, async (dataSource) => {
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    return upQueries.map(({ query }) => query);
  });
}

async function asOwner<T>(connection: DatabaseConnection, work: (dataSource: DataSource) => Promise<T>): Promise<T> {
  const dataSource = new DataSource({
    type: 'postgres',
    entities,
    migrations,
    synchronize: false,
    installExtensions: false,
    logging: false,
    // The default logger writes failed migrations to standard output past our own.
    logger: 'debug',
    extra: { ...clientConfig(connection, 'kmip-migrations'), connectionTimeoutMillis: CONNECT_MS, max: 3 },
  });
  await dataSource.initialize();
  try {
    // A lock of a session that others share would never be given back.
    await requireOwnSessions(dataSource);
    const lock = dataSource.createQueryRunner();
    await lock.query(`SELECT ${LOCK}`);
    try {
      return await work(dataSource);
    } finally {
      await lock.query(`SELECT ${UNLOCK}`);
      await lock.release();
    }
  } finally {
    await dataSource.destroy();
  }
}
