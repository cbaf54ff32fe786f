import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type EmbeddedPostgres, startEmbeddedPostgres } from '@lib/embedded-postgres';
import { createDataSource, type DataSourceOptions, runMigrations } from '@lib/persistence';
import { Client } from 'pg';
import { type DataSource } from 'typeorm';

const TEMPLATE = 'kmip_template';
/** Key of the advisory lock around making the template; any number no one else uses. */
const TEMPLATE_LOCK = 'pg_advisory_lock(815, 2)';

/** For suites that do the work of a gateway and of the API side by side. */
const BOTH_ROLES = 'kmip_test';

const ensureBothRoles = (password: string): string => `DO $$ BEGIN
  CREATE ROLE ${BOTH_ROLES} LOGIN PASSWORD '${password}' IN ROLE kmip_gateway, kmip_api;
  EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`;

export interface TestDatabase {
  readonly connection: EmbeddedPostgres['connection'];
  /** A pool that may do what gateway and API may together, unless a role is chosen; connected. Closed by {@link close}. */
  openDataSource(options?: Partial<DataSourceOptions>): Promise<DataSource>;
  /** One plain connection as the superuser, past row-level security. Closed by {@link close}. */
  openAdmin(): Promise<Client>;
  close(): Promise<void>;
}

/**
 * A fresh, migrated database on the one embedded server of this jest process. The server outlives the suite (the next
 * one of the process adopts it) but not the process: a watcher outside of jest stops it and removes its files, however
 * jest ends.
 * @param options.migrated false for an empty database
 * @param options.from a database of this server to begin as a copy of; its connections are cut
 */
export async function startTestPostgres(
  options: { readonly migrated?: boolean; readonly from?: string } = {},
): Promise<TestDatabase> {
  const server = await sharedServer();
  const database = `t_${randomBytes(6).toString('hex')}`;
  if (options.from !== undefined) {
    const { from } = options;
    await asAdmin(server, async (admin) => {
      // A pool connects again by itself.
      await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [from]);
      await admin.query(`CREATE DATABASE ${database} TEMPLATE ${from}`);
    });
  } else if (options.migrated === false) {
    await asAdmin(server, (admin) => admin.query(`CREATE DATABASE ${database}`));
  } else {
    await ensureTemplate(server);
    await asAdmin(server, (admin) => admin.query(`CREATE DATABASE ${database} TEMPLATE ${TEMPLATE}`));
  }
  const connection = { ...server.connection, database };
  const closers: (() => Promise<unknown>)[] = [];
  return {
    connection,
    openDataSource: async (chosen = {}) => {
      const both = { ...connection, user: BOTH_ROLES };
      await asAdmin(server, (admin) => admin.query(ensureBothRoles(connection.password)));
      const dataSource = createDataSource(both, { applicationName: 'test', role: 'login', ...chosen });
      await dataSource.initialize();
      closers.push(() => (dataSource.isInitialized ? dataSource.destroy() : Promise.resolve()));
      return dataSource;
    },
    openAdmin: async () => {
      const admin = await connect(connection);
      closers.push(() => admin.end());
      return admin;
    },
    close: async () => {
      for (const close of closers.splice(0).reverse()) await close();
      await asAdmin(server, (admin) => admin.query(`DROP DATABASE ${database} WITH (FORCE)`));
    },
  };
}

async function sharedServer(): Promise<EmbeddedPostgres> {
  // Suites of one jest process have separate globals but one process id, so the folder's name is what they share.
  const folder = join(tmpdir(), `kmip-test-pg-${String(process.pid)}`);
  const first = await mkdir(folder, { mode: 0o755 }).then(
    () => true,
    () => false,
  );
  if (first) {
    await chmod(folder, 0o755);
    watchOver(folder);
  }
  return startEmbeddedPostgres({ dataFolder: folder, durable: false, log: () => undefined });
}

/** Runs until jest is gone, even by SIGKILL; then takes the server and its files away. */
function watchOver(folder: string): void {
  const script = `
    while kill -0 "$1" 2>/dev/null; do sleep 0.5; done
    pid=$(head -n 1 "$2/cluster/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid" 2>/dev/null
    for i in 1 2 3 4 5 6 7 8 9 10; do [ -e "$2/cluster/postmaster.pid" ] || break; sleep 0.3; done
    rm -rf "$2"`;
  const watcher = spawn('/bin/sh', ['-c', script, 'watcher', String(process.pid), folder], {
    detached: true,
    stdio: 'ignore',
  });
  watcher.unref();
}

async function ensureTemplate(server: EmbeddedPostgres): Promise<void> {
  await asAdmin(server, async (admin) => {
    await admin.query(`SELECT ${TEMPLATE_LOCK}`);
    const { rowCount } = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [TEMPLATE]);
    if (rowCount !== 0) return;
    const draft = `${TEMPLATE}_draft`;
    await admin.query(`DROP DATABASE IF EXISTS ${draft}`);
    await admin.query(`CREATE DATABASE ${draft}`);
    await runMigrations({ ...server.connection, database: draft });
    // Renamed when whole, so that a suite that died in the middle leaves no half-migrated template.
    await admin.query(`ALTER DATABASE ${draft} RENAME TO ${TEMPLATE}`);
  });
}

async function asAdmin<T>(server: EmbeddedPostgres, work: (admin: Client) => Promise<T>): Promise<T> {
  const admin = await connect({ ...server.connection, database: 'postgres' });
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}

async function connect(connection: EmbeddedPostgres['connection']): Promise<Client> {
  const client = new Client(connection);
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
