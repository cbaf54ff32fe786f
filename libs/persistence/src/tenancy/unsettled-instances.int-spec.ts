import { type InstanceId } from '@lib/kernel';
import { insertInstance, startTestPostgres, type TestDatabase } from '@lib/testing';
import { type Client } from 'pg';

import { PostgresRegionDirectory } from './postgres-region-directory';

jest.setTimeout(60_000);

const STALE = new Date('2026-06-01T00:00:00Z');
const BEFORE = '2026-05-31T23:59:59Z';
const AFTER = '2026-06-01T00:00:01Z';

const intent = (startedAt: string, clearSince: string | null = null) =>
  `INSERT INTO creation_intents (instance_id, id, stored_key_name, started_at, created_by, clear_since)
    VALUES ($1, gen_random_uuid(), 'name', '${startedAt}', 'x', ${clearSince === null ? 'NULL' : `'${clearSince}'`})`;

const move = (startedAt: string) =>
  `INSERT INTO custody_moves (instance_id, id, move_id, from_root_key_id, to_root_key_id, started_at)
    VALUES ($1, gen_random_uuid(), gen_random_uuid(), 'a', 'b', '${startedAt}')`;

const object = (state: string, destroyRequestedAt: string | null) =>
  `INSERT INTO managed_objects (instance_id, id, object_type, state, suspended, cryptographic_algorithm,
      cryptographic_length, cryptographic_usage_mask, initial_date, last_change_date, digest, fresh, created_by,
      destroy_requested_at, sort_name)
    VALUES ($1, gen_random_uuid(), 2, '${state}', false, 3, 256, 12, now(), now(), '\\x00', true, 'x',
      ${destroyRequestedAt === null ? 'NULL' : `'${destroyRequestedAt}'`}, '')`;

const look = (dueAt: string) =>
  `INSERT INTO later_looks (instance_id, id, destroyed_at, due_at) VALUES ($1, gen_random_uuid(), now(), ${dueAt})`;

const binding = (status: string) =>
  `INSERT INTO root_key_bindings (instance_id, id, kind, key_manager_crn, endpoint_url, root_key_id, status, created_at,
      updated_at, revision)
    VALUES ($1, gen_random_uuid(), 'key_protect', 'crn', 'https://kms', 'root', '${status}', now(), now(), 1)`;

const note = (writtenUnder: string) =>
  `INSERT INTO key_notes (instance_id, id, number, fact, effective_at, written_under)
    VALUES ($1, gen_random_uuid(), 1, 'destroyed', now(), ${writtenUnder})`;

describe('instances with work that no client asks for', () => {
  let database: TestDatabase;
  let admin: Client;
  let directory: PostgresRegionDirectory;

  beforeAll(async () => {
    database = await startTestPostgres();
    admin = await database.openAdmin();
    directory = new PostgresRegionDirectory(await database.openDataSource({ role: 'gateway' }));
  });
  afterAll(() => database.close());
  beforeEach(() => admin.query('TRUNCATE instances CASCADE'));

  it.each([
    ['nothing', undefined, false],
    ['an interrupted Create', intent(BEFORE), true],
    ['a Create under way', intent(AFTER), false],
    ['an interrupted Create of which a look found nothing lately', intent(BEFORE, AFTER), false],
    ['an interrupted Create that was found clear long ago', intent(BEFORE, BEFORE), true],
    ['an interrupted move', move(BEFORE), true],
    ['a move under way', move(AFTER), false],
    ['an ordered destruction', object('Deactivated', BEFORE), true],
    ['a destruction that was done', object('Destroyed', BEFORE), false],
    ['a living key', object('Active', null), false],
    ['a later look that is due', look(`now() - interval '1 second'`), true],
    ['a later look of tomorrow', look(`now() + interval '1 day'`), false],
    ['a former root key', binding('retiring'), true],
    ['a root key', binding('active'), false],
    ['a note that is nowhere', note('NULL'), true],
    ['a note in the key manager', note(`'root'`), false],
  ])('%s', async (_, sql, isUnsettled) => {
    const [instanceId] = [await insertInstance(admin), await insertInstance(admin)];
    if (sql !== undefined) await admin.query(sql, [instanceId]);
    expect(await directory.unsettledInstances({ limit: 10 }, STALE)).toEqual(isUnsettled ? [instanceId] : []);
  });

  it('are not those that have a root key alone, which are named by themselves', async () => {
    const [bound, retiring, both] = [
      await insertInstance(admin),
      await insertInstance(admin),
      await insertInstance(admin),
    ];
    await insertInstance(admin);
    await admin.query(binding('active'), [bound]);
    await admin.query(binding('retiring'), [retiring]);
    for (const status of ['active', 'retiring']) await admin.query(binding(status), [both]);
    const [first, second] = [bound, both].sort();
    expect(await directory.boundInstances({ limit: 1 })).toEqual([first]);
    expect(await directory.boundInstances({ limit: 10, after: first! })).toEqual([second]);
  });

  it.each([
    ['a root key that was never tested', `watch_due_at = '${AFTER}'`, true],
    ['a test that is due', `look_due_at = '${BEFORE}', watch_due_at = '${AFTER}'`, true],
    ['keys that were never compared', `look_due_at = '${AFTER}'`, true],
    ['keys that are to be compared', `look_due_at = '${AFTER}', watch_due_at = '${BEFORE}'`, true],
    ['what is due later', `look_due_at = '${AFTER}', watch_due_at = '${AFTER}'`, false],
  ])('are tested by themselves: %s', async (_, due, isUntested) => {
    const [bound, disabled, removing] = [
      await insertInstance(admin),
      await insertInstance(admin),
      await insertInstance(admin),
    ];
    for (const instanceId of [bound, disabled, removing]) {
      for (const status of ['active', 'retiring']) await admin.query(binding(status), [instanceId]);
    }
    await admin.query(`UPDATE root_key_bindings SET ${due}`);
    await admin.query('UPDATE instances SET enabled = false WHERE id = $1', [disabled]);
    await admin.query(`UPDATE instances SET state = 'removing' WHERE id = $1`, [removing]);
    expect(await directory.untestedInstances({ limit: 10 }, STALE)).toEqual(isUntested ? [bound] : []);
    expect(await directory.untestedInstances({ limit: 10, after: bound }, STALE)).toEqual([]);
  });

  it('are named once each, in pages', async () => {
    const ids: InstanceId[] = [];
    for (let n = 0; n < 5; n += 1) {
      const instanceId = await insertInstance(admin);
      ids.push(instanceId);
      for (const sql of [intent(BEFORE), intent(BEFORE), move(BEFORE), note('NULL')])
        await admin.query(sql, [instanceId]);
    }
    ids.sort();
    expect(await directory.unsettledInstances({ limit: 3 }, STALE)).toEqual(ids.slice(0, 3));
    expect(await directory.unsettledInstances({ limit: 3, after: ids[2]! }, STALE)).toEqual(ids.slice(3));
  });
});
