import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type BeforeApplicationShutdown, type DynamicModule, type INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';

import { ensureServiceKeyFile } from '@lib/config';
import { Secret } from '@lib/kernel';
import { createLogger, HealthServer } from '@lib/observability';
import { startTestPostgres, type TestDatabase } from '@lib/testing';
import { DataSource } from 'typeorm';

import { socketUrl } from '../database-connection';
import { TenantKeyManagers } from '../tenant-key-managers';
import { KeyManagersModule } from './key-managers.module';
import { ProcessModule } from './process.module';
import { RegionModule } from './region.module';

const NAME = 'region-module';
/** Below the ten seconds after which a pool gives up idle connections by itself. */
const WITHIN_MS = 5_000;
const CLOUD = { region: 'eu-de', keyProtectEndpoints: [], hpcsEndpoints: [], iamUrl: 'http://127.0.0.1:1' };

describe('RegionModule', () => {
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

  const region = (): DynamicModule => {
    const databaseUrl = Secret.fromText(socketUrl(database.connection));
    const settings = { ...CLOUD, databaseUrl, databasePoolSize: 2, serviceKeyFile: join(folder, 'service-keys') };
    return RegionModule.forRoot({ settings, client: { applicationName: NAME, role: 'api' } });
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
    const context = await open(ProcessModule.forRoot({ logger }), region());
    expect(await context.get(DataSource).query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await context.close();
    expect(await connectionsLeft()).toBe(0);
  });

  it('fails a command at once that finds no schema, and leaves no connection behind', async () => {
    await (await database.openAdmin()).query('DROP SCHEMA public CASCADE');
    await expect(open(ProcessModule.forRoot({ logger }), region())).rejects.toThrow('public');
    expect(await connectionsLeft()).toBe(0);
  });

  it('waits with a health port, which says for what', async () => {
    const admin = await database.openAdmin();
    await admin.query('ALTER SCHEMA public RENAME TO later');
    const listened = jest.spyOn(HealthServer.prototype, 'listen');
    const opening = open(ProcessModule.forRoot({ logger, health: { host: '127.0.0.1', port: 0 } }), region());
    while (listened.mock.results.length === 0) await new Promise(setImmediate);
    const { port } = (await listened.mock.results[0]!.value) as { port: number };
    const readiness = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/readyz`)).text();
    while (!(await readiness()).includes('waiting_for_database')) await new Promise(setImmediate);
    await admin.query('ALTER SCHEMA later RENAME TO public');
    const context = await opening;
    try {
      expect(await context.get(DataSource).query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
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
      await context.get(DataSource).query('SELECT 1');
      seen.push('the database answers them');
    });
    /** Nest closes an HTTP server between this hook and `onApplicationShutdown`. */
    class Requests implements BeforeApplicationShutdown {
      async beforeApplicationShutdown(): Promise<void> {
        await context.get(DataSource).query('SELECT 1');
        seen.push('requests are answered');
      }
    }
    const context = await open(ProcessModule.forRoot({ logger }), region(), KeyManagersModule.forRoot(CLOUD), {
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
