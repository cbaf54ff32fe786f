import { randomUUID } from 'node:crypto';

import { type Environment } from '@lib/config';
import { socketUrl } from '@lib/platform';
import { startTestPostgres, type TestDatabase } from '@lib/testing';

import { argumentsOf } from '../arguments';
import { migrateRevert } from './migrate-revert.command';
import { migrateStatus } from './migrate-status.command';

interface Status {
  readonly migrations: readonly { readonly name: string; readonly ran: boolean }[];
}

describe('migrations, told and taken back', () => {
  let database: TestDatabase;
  let environment: Environment;

  beforeAll(async () => {
    database = await startTestPostgres();
    environment = { DATABASE_URL: socketUrl(database.connection) };
  });
  afterAll(() => database.close());

  const confirmed = (name: string) => argumentsOf({ confirm: name });
  const status = async (): Promise<Status['migrations']> => ((await migrateStatus(environment)) as Status).migrations;

  it('says which ran, takes back the newest only by its name, and nothing else', async () => {
    const before = await status();
    expect(before.length).toBeGreaterThan(20);
    expect(before.filter(({ ran }) => !ran)).toEqual([]);
    const [older = '', newest = ''] = before.slice(-2).map(({ name }) => name);

    for (const name of ['', older, 'yes']) {
      await expect(migrateRevert(environment, confirmed(name))).rejects.toThrow(`--confirm ${newest} takes it back`);
    }
    expect(await status()).toEqual(before);

    expect(await migrateRevert(environment, confirmed(newest))).toEqual({ reverted: newest });
    expect(await status()).toEqual(before.map((one) => (one.name === newest ? { ...one, ran: false } : one)));
  });

  it('are not told to the login of a process, which learns whose they are', async () => {
    const [user, password] = [`passer_${randomUUID().slice(0, 8)}`, 'secret-word'];
    const admin = await database.openAdmin();
    await admin.query(`CREATE ROLE ${user} LOGIN PASSWORD '${password}'`);
    const other = { DATABASE_URL: socketUrl({ ...database.connection, user, password }) };
    await expect(migrateStatus(other)).rejects.toThrow('set DATABASE_URL to that of the owner');
    await admin.query(`DROP ROLE ${user}`);
  });
});
