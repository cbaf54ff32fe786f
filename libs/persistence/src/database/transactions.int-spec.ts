import { canonicalAuditEvent } from '@lib/audit';
import { type ManagedObjectStore } from '@lib/kmip-engine';
import { type InstanceId, type UniqueIdentifier } from '@lib/kernel';
import {
  aManagedObject,
  anAuditEvent,
  anIntent,
  type CommitFate,
  type DatabaseProxy,
  insertInstance,
  recordedEvents,
  startDatabaseProxy,
  startTestPostgres,
  type TestDatabase,
} from '@lib/testing';
import { Client } from 'pg';
import { type DataSource } from 'typeorm';

import { PostgresObjectStores } from '../catalog/postgres-object-stores';
import { STATEMENT_MS } from './connection';
import { createDataSource } from './data-source';
import { type Lane } from './database-shares';
import { TenantTransactions } from './transactions';

jest.setTimeout(60_000);

const POOL_SIZE = 4;
/** Of one COMMIT after the other; those by which a lost one is looked up count too. */
const FATES: readonly CommitFate[] = ['cut after', 'pass', 'cut before', 'cut after', 'pass', 'pass'];

describe('TenantTransactions over a bad network', () => {
  let database: TestDatabase;
  let admin: Client;
  let proxy: DatabaseProxy;
  let dataSource: DataSource;
  let instanceId: InstanceId;
  let store: ManagedObjectStore;

  beforeEach(async () => {
    database = await startTestPostgres();
    admin = await database.openAdmin();
    proxy = await startDatabaseProxy(database.connection.host);
    dataSource = createDataSource(
      { ...database.connection, host: proxy.host },
      {
        applicationName: 'proxied',
        role: 'gateway',
        poolSize: POOL_SIZE,
      },
    );
    await dataSource.initialize();
    instanceId = await insertInstance(admin);
    store = new PostgresObjectStores(dataSource).forInstance(instanceId);
  });
  afterEach(async () => {
    await dataSource.destroy();
    await proxy.close();
    await database.close();
  });

  const count = async (table: string): Promise<number> => {
    const { rows } = await admin.query<{ count: number }>(`SELECT count(*)::int FROM ${table}`);
    return rows[0]!.count;
  };

  it('does every change exactly once when connections break at COMMIT, before or after it took effect', async () => {
    const object = aManagedObject();
    await store.openIntent(anIntent(object), 1000);
    await store.completeIntent(object, anAuditEvent(instanceId));
    let commits = 0;
    proxy.onCommit = () => FATES[commits++ % FATES.length]!;
    const changes = 30;
    for (let number = 0; number < changes; number += 1) {
      await store.mutate(object.uniqueIdentifier, (current) => ({
        object: { ...current, cryptographicUsageMask: current.cryptographicUsageMask + 1 },
        audit: anAuditEvent(instanceId),
        result: undefined,
      }));
    }
    proxy.onCommit = () => 'pass';
    const after = await store.find(object.uniqueIdentifier);
    expect(after?.cryptographicUsageMask).toBe(object.cryptographicUsageMask + changes);
    expect(await count('audit_records')).toBe(changes + 1);
  });

  it('records once, word for word, when connections break at COMMIT', async () => {
    let commits = 0;
    proxy.onCommit = () => FATES[commits++ % FATES.length]!;
    const words = [
      `'); DROP TABLE audit_events; --`,
      String.raw`\' E'\x00' $1 %s`,
      'ключ 密钥 🔑',
      '"{}[]\n\u0001',
      '$$;$tag$',
    ];
    const events = Array.from({ length: 15 }, (_, number) =>
      anAuditEvent(instanceId, { details: { operation: words[number % words.length]! } }),
    );
    for (const event of events) await store.record(event);
    proxy.onCommit = () => 'pass';
    expect((await recordedEvents(admin)).map(({ text }) => text)).toEqual(
      events.map((event) => canonicalAuditEvent(event)),
    );
  });

  it('records each fetch once when connections break before or after it was committed', async () => {
    const object = aManagedObject();
    await store.openIntent(anIntent(object), 1000);
    await store.completeIntent(object, anAuditEvent(instanceId));
    let commits = 0;
    proxy.onCommit = () => FATES[commits++ % FATES.length]!;
    const events = Array.from({ length: 24 }, () => anAuditEvent(instanceId));
    for (let first = 0; first < events.length; first += 3) {
      const together = events.slice(first, first + 3).map((event) => store.recordFetch(object, event));
      expect(await Promise.all(together)).toEqual([true, true, true]);
    }
    expect(commits).toBeGreaterThan(events.length / 3);
    proxy.onCommit = () => 'pass';
    expect((await recordedEvents(admin)).slice(1).map(({ text }) => text)).toEqual(
      events.map((event) => canonicalAuditEvent(event)),
    );
  });

  it('leaves no scope behind on a connection, whether a record was committed or failed', async () => {
    const scopes = async () => {
      const asked = Array.from({ length: POOL_SIZE }, () =>
        dataSource.query<{ scope: string | null }[]>(`SELECT current_setting('app.instance_id', true) AS scope`),
      );
      return (await Promise.all(asked)).map(([row]) => row?.scope ?? '');
    };
    await store.record(anAuditEvent(instanceId));
    expect(new Set(await scopes())).toEqual(new Set(['']));
    await admin.query(`ALTER TABLE audit_records ADD CONSTRAINT one_record CHECK (seq < 2)`);
    await expect(store.record(anAuditEvent(instanceId))).rejects.toThrow('one_record');
    expect(new Set(await scopes())).toEqual(new Set(['']));
  });

  it('loses and doubles no key when connections break at COMMIT while keys are created', async () => {
    let commits = 0;
    proxy.onCommit = () => (['cut after', 'pass', 'pass', 'cut before'] as const)[commits++ % 4]!;
    const create = async () => {
      const object = aManagedObject();
      await store.openIntent(anIntent(object), 1000);
      await store.completeIntent(object, anAuditEvent(instanceId));
      return object.uniqueIdentifier;
    };
    const outcomes: PromiseSettledResult<UniqueIdentifier>[] = [];
    // As many at once as there are connections: on a busy machine more would wait for one until their time is up.
    for (let wave = 0; wave < 40 / POOL_SIZE; wave += 1) {
      outcomes.push(...(await Promise.allSettled(Array.from({ length: POOL_SIZE }, create))));
    }
    proxy.onCommit = () => 'pass';
    const acknowledged = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    expect(acknowledged.length).toBeGreaterThan(20);
    for (const id of acknowledged) expect(await store.find(id)).toBeDefined();
    expect(await store.countLive()).toBe((await count('managed_objects')) + (await count('creation_intents')));
    expect(await count('audit_records')).toBe(await count('managed_objects'));
  });

  it('fails within five seconds while the server is silent, and works when it speaks again', async () => {
    await store.countLive();
    proxy.blackHole = true;
    const started = performance.now();
    const outcomes = await Promise.allSettled([
      store.countLive(),
      store.record(anAuditEvent(instanceId)),
      store.find(aManagedObject().uniqueIdentifier),
    ]);
    expect(performance.now() - started).toBeLessThan(5_000);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'database_unavailable' } });
    }
    proxy.blackHole = false;
    // Twice as many as there are connections: none of them may be stuck.
    const again = await Promise.all(Array.from({ length: POOL_SIZE * 2 }, () => store.countLive()));
    expect(new Set(again)).toEqual(new Set([0]));
  });

  it('repeats what a failover interrupts', async () => {
    let attempts = 0;
    const transactions = new TenantTransactions(dataSource);
    await transactions.run(instanceId, async ({ client, appendAudit }) => {
      attempts += 1;
      await client.query('SELECT 1');
      if (attempts === 1) {
        await admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'proxied'`);
      }
      await appendAudit([anAuditEvent(instanceId)]);
    });
    expect([attempts, await count('audit_records')]).toEqual([2, 1]);
  });

  it('repeats after a deadlock', async () => {
    const [first, second] = [await insertInstance(admin), instanceId];
    const transactions = new TenantTransactions(dataSource);
    let arrived = 0;
    let release = (): void => undefined;
    const bothHoldOne = new Promise<void>((resolve) => {
      release = resolve;
    });
    const lock = (mine: string, other: string) =>
      transactions.run(instanceId, async ({ client }) => {
        await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [mine]);
        arrived += 1;
        if (arrived >= 2) release();
        await bothHoldOne;
        await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [other]);
      });
    await Promise.all([lock(first, second), lock(second, first)]);
    expect(arrived).toBe(3);
  });

  it('does not let a tenant that waits for its own locks keep a neighbour from its keys', async () => {
    const neighbourId = await insertInstance(admin);
    const neighbour = new PostgresObjectStores(dataSource).forInstance(neighbourId);
    await admin.query('BEGIN');
    await admin.query('SELECT 1 FROM audit_chain_heads WHERE instance_id = $1 FOR UPDATE', [instanceId]);
    const record = () =>
      new TenantTransactions(dataSource, 'changes').run(instanceId, ({ appendAudit }) =>
        appendAudit([anAuditEvent(instanceId)]),
      );
    const blocked = Array.from({ length: POOL_SIZE * 4 }, record);
    for (let n = 0; n < 20; n += 1) expect(await neighbour.countLive()).toBe(0);
    await neighbour.record(anAuditEvent(neighbourId));
    await admin.query('COMMIT');
    await Promise.allSettled(blocked);
  });

  describe('the time one statement may take', () => {
    const lanes = Object.keys(STATEMENT_MS) as Lane[];
    const sql = `SELECT current_setting('statement_timeout') AS value`;

    it('is of the lane, in every kind of transaction and no longer', async () => {
      const call = { statement: { name: 'own_time_limit', types: 'uuid', text: `${sql}, $1` }, values: [instanceId] };
      for (const lane of lanes) {
        const transactions = new TenantTransactions(dataSource, lane);
        const results = [
          await transactions.look(instanceId, ({ client }) => client.query(sql)),
          await transactions.read(instanceId, call),
          ...(await transactions.run(instanceId, async ({ client }, first) => [await client.query(sql), ...first], [
            call,
          ])),
        ];
        const values = results.map(({ rows }) => (rows[0] as { value: string }).value);
        expect([lane, ...values]).toEqual([lane, ...Array<string>(4).fill(`${String(STATEMENT_MS[lane] / 1000)}s`)]);
        const [after] = await dataSource.query<{ value: string }[]>(sql);
        expect(after?.value).toBe('4s');
      }
    });

    it('costs no round trip, and where it is the usual one not a word', async () => {
      for (const lane of lanes) {
        const query = jest.spyOn(Client.prototype, 'query');
        await new TenantTransactions(dataSource, lane).look(instanceId, () => Promise.resolve());
        const texts = query.mock.calls.map(([statement]: unknown[]) => String(statement));
        query.mockRestore();
        const scope = `BEGIN READ ONLY; SET LOCAL app.instance_id = '${instanceId}'`;
        const limit = ['search', 'lists'].includes(lane) ? '; SET LOCAL statement_timeout = 2000' : '';
        expect(texts.slice(-2)).toEqual([`${scope}${limit}`, 'COMMIT']);
      }
    });

    it.each(['search', 'lists'] as const)('ends a statement of %s before that of a Get', async (lane) => {
      const transactions = new TenantTransactions(dataSource, lane);
      const text = 'SELECT pg_sleep(30), $1';
      const sleep = { statement: { name: 'sleep', types: 'uuid', text }, values: [instanceId] };
      for (const work of [
        () => transactions.read(instanceId, sleep),
        () => transactions.look(instanceId, ({ client }) => client.query('SELECT pg_sleep(30)')),
      ]) {
        const started = performance.now();
        await expect(work()).rejects.toMatchObject({ code: 'database_unavailable' });
        expect(performance.now() - started).toBeLessThan(STATEMENT_MS.serving);
      }
    });
  });

  it.each<CommitFate>(['cut before', 'cut after'])(
    'a read whose end is lost (%s) is never of unknown outcome',
    async (fate) => {
      let cuts = 0;
      proxy.onCommit = () => (cuts++ === 0 ? fate : 'pass');
      const nothing = { uniqueIdentifiers: [] };
      expect(await store.locate({ asOf: new Date(), limit: 1, offset: 0 })).toEqual(nothing);
      proxy.onCommit = () => fate;
      await expect(store.locate({ asOf: new Date(), limit: 1, offset: 0 })).rejects.toMatchObject({
        code: 'database_unavailable',
      });
      proxy.onCommit = () => 'pass';
    },
  );
});
