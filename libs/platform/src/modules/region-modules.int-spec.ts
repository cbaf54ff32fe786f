import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type BeforeApplicationShutdown, type DynamicModule, type INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';

import { ensureServiceKeyFile } from '@lib/config';
import { Secret } from '@lib/kernel';
import { createLogger, HealthServer } from '@lib/observability';
import { PostgresStatus } from '@lib/persistence';
import { startTestPostgres, type TestDatabase } from '@lib/testing';

import { socketUrl } from '../database/database-connection';
import { RestoreWatch } from '../restore/restore-watch';
import { TenantKeyManagers } from '../tenant-key-managers';
import { KeyManagersModule } from './key-managers.module';
import { ProcessModule } from './process.module';
import { regionModules } from './region-modules';

const NAME = 'region-module';
/** Below the ten seconds after which a pool gives up idle connections by itself. */
const WITHIN_MS = 5_000;
const CLOUD = { region: 'eu-de', keyProtectEndpoints: [], hpcsEndpoints: [], iamUrl: 'http://127.0.0.1:1' };

describe('the modules of a region', () => {
  let folder: string;
  let database: TestDatabase;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'region-'));
    await ensureServiceKeyFile(join(folder, 'service-keys'));
    database = await startTestPostgres();
  });
  afterEach(async () => {
    await database.close();
    await rm(folder, { recursive: true, force: true });
  });

  const region = (): readonly DynamicModule[] => {
    const databaseUrl = Secret.fromText(socketUrl(database.connection));
    const settings = { ...CLOUD, databaseUrl, databasePoolSize: 2, serviceKeyFile: join(folder, 'service-keys') };
    return regionModules(settings, { applicationName: NAME, role: 'api' });
  };
  const logger = createLogger({ level: 'silent', name: 'test' });
  /** As Nest's standalone context: no server, no routes. */
  const open = async (...imports: DynamicModule[]): Promise<INestApplicationContext> =>
    (await Test.createTestingModule({ imports }).compile()).init();

  /** A server process outlives its connection by a moment. */
  async function connectionsLeft(): Promise<number> {
    const admin = await database.openAdmin();
    const sql = 'SELECT count(*)::int AS left FROM pg_stat_activity WHERE application_name = $1';
    for (const until = performance.now() + WITHIN_MS; ;) {
      const left = (await admin.query<{ left: number }>(sql, [NAME])).rows[0]!.left;
      if (left === 0 || performance.now() > until) return left;
    }
  }

  it('is open for a command that has no health port, and leaves no connection behind', async () => {
    const context = await open(ProcessModule.forRoot({ logger }), ...region());
    await expect(context.get(PostgresStatus).ping()).resolves.toBeUndefined();
    await context.close();
    expect(await connectionsLeft()).toBe(0);
  });

  it('fails a command at once that finds no schema, and leaves no connection behind', async () => {
    await (await database.openAdmin()).query('DROP SCHEMA public CASCADE');
    await expect(open(ProcessModule.forRoot({ logger }), ...region())).rejects.toThrow('public');
    expect(await connectionsLeft()).toBe(0);
  });

  it('fails a command that cannot see whether there was a restore, and leaves no connection behind', async () => {
    const started = jest.spyOn(RestoreWatch.prototype, 'start').mockRejectedValue(new Error('no answer'));
    try {
      await expect(open(ProcessModule.forRoot({ logger }), ...region())).rejects.toThrow('no answer');
      expect(await connectionsLeft()).toBe(0);
    } finally {
      started.mockRestore();
    }
  });

  it.each([
    ['its schema', 'SCHEMA public RENAME TO later', 'SCHEMA later RENAME TO public'],
    ['its migrations', 'TABLE region_progress RENAME TO later', 'TABLE later RENAME TO region_progress'],
  ])('waits for %s with a health port, which says so', async (_what, away, back) => {
    const admin = await database.openAdmin();
    await admin.query(`ALTER ${away}`);
    const listened = jest.spyOn(HealthServer.prototype, 'listen');
    const opening = open(ProcessModule.forRoot({ logger, health: { host: '127.0.0.1', port: 0 } }), ...region());
    while (listened.mock.results.length === 0) await new Promise(setImmediate);
    const { port } = (await listened.mock.results[0]!.value) as { port: number };
    const readiness = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/readyz`)).text();
    while (!(await readiness()).includes('waiting_for_database')) await new Promise(setImmediate);
    await admin.query(`ALTER ${back}`);
    const context = await opening;
    try {
      await expect(context.get(PostgresStatus).ping()).resolves.toBeUndefined();
    } finally {
      await context.close();
      listened.mockRestore();
    }
    expect(await connectionsLeft()).toBe(0);
  });

  it('is there until an HTTP server has answered what is under way, and so are the key managers', async () => {
    const seen: string[] = [];
    const stopped = jest.spyOn(TenantKeyManagers.prototype, 'stop').mockImplementation(async () => {
      seen.push('key managers stop');
      await context.get(PostgresStatus).ping();
      seen.push('the database answers them');
    });
    /** Nest closes an HTTP server between this hook and `onApplicationShutdown`. */
    class Requests implements BeforeApplicationShutdown {
      async beforeApplicationShutdown(): Promise<void> {
        await context.get(PostgresStatus).ping();
        seen.push('requests are answered');
      }
    }
    const context = await open(ProcessModule.forRoot({ logger }), ...region(), KeyManagersModule.forRoot(CLOUD), {
      module: Requests,
    });
    try {
      await context.close();
      expect(seen).toEqual(['requests are answered', 'key managers stop', 'the database answers them']);
    } finally {
      stopped.mockRestore();
    }
  });
});
