import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ensureServiceKeyFile } from '@lib/config';
import { Secret } from '@lib/kernel';
import { createLogger } from '@lib/observability';
import { startTestPostgres, type TestDatabase } from '@lib/testing';

import { socketUrl } from './database-connection';
import { Region } from './region';

const NAME = 'opened-in-vain';
/** Below the ten seconds after which a pool gives up idle connections by itself. */
const WITHIN_MS = 5_000;

describe('a region that cannot be opened', () => {
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

  it('leaves no connection behind, since whoever waits for a database tries again each second', async () => {
    const admin = await database.openAdmin();
    await admin.query('DROP SCHEMA public CASCADE');
    const settings = {
      databaseUrl: Secret.fromText(socketUrl(database.connection)),
      databasePoolSize: 2,
      serviceKeyFile: join(folder, 'service-keys'),
      region: 'eu-de',
      keyProtectEndpoints: [],
      hpcsEndpoints: [],
    };
    const logger = createLogger({ level: 'silent', name: 'test' });
    const opening = Region.open(settings, { applicationName: NAME, role: 'api' }, logger);
    await expect(opening).rejects.toThrow('public');
    // A server process outlives its connection by a moment.
    const until = performance.now() + WITHIN_MS;
    let left = -1;
    while (left !== 0 && performance.now() < until) {
      const { rows } = await admin.query<{ left: number }>(
        'SELECT count(*)::int AS left FROM pg_stat_activity WHERE application_name = $1',
        [NAME],
      );
      left = rows[0]?.left ?? 0;
    }
    expect(left).toBe(0);
  });
});
