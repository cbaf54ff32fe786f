import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type InstanceId, newCorrelationId, systemClock, toUniqueIdentifier } from '@lib/kernel';
import {
  KeyAdministration,
  type KeyChange,
  KeyDestruction,
  type CommonFields,
  type ManagedObject,
} from '@lib/kmip-engine';
import {
  PostgresInvalidationBus,
  PostgresRegionDirectory,
  observeCommits,
  PostgresObjectStores,
  PostgresRegionProgress,
  PostgresUnitOfWork,
} from '@lib/persistence';
import { ClientCertificateService, InstanceService } from '@lib/tenancy';
import {
  aManagedObject,
  anAuditEvent,
  insertCertificate,
  insertInstance,
  putObject,
  startTestPostgres,
  type TestDatabase,
} from '@lib/testing';
import { randomUUID } from 'node:crypto';
import { type DataSource } from 'typeorm';

import { RestoreWatch } from './restore-watch';
import { WithdrawalRecord } from './withdrawal-record';
import { WithdrawalReplay } from './withdrawal-replay';

/** One process on one database, with the record that outlives databases. */
class Process {
  readonly logged: string[] = [];
  readonly progress: PostgresRegionProgress;
  readonly objectStores: PostgresObjectStores;
  readonly certificates: ClientCertificateService;
  readonly watch: RestoreWatch;

  constructor(
    dataSource: DataSource,
    readonly record: WithdrawalRecord,
  ) {
    this.progress = new PostgresRegionProgress(dataSource);
    this.objectStores = new PostgresObjectStores(dataSource);
    this.certificates = new ClientCertificateService(new PostgresUnitOfWork(dataSource), systemClock, {
      newId: randomUUID,
      directory: new PostgresRegionDirectory(dataSource),
    });
    const { objectStores, certificates } = this;
    // What else can be withdrawn is tried on a whole region (withdrawal-replay.int-spec.ts).
    const never = (): Promise<never> => Promise.reject(new Error('not here'));
    const replay = new WithdrawalReplay({
      role: 'api',
      clock: systemClock,
      objectStores,
      certificates,
      instances: { get: never, setEnabled: never, setOptions: never },
      proofs: { takeOver: never },
      kmipCredentials: { list: never, remove: never },
      rootKeys: { unsetCredential: never },
    });
    const log = (_fields: unknown, message?: string): number => this.logged.push(message ?? '');
    this.watch = new RestoreWatch({
      progress: this.progress,
      record,
      replay: (withdrawal) => replay.run(withdrawal),
      logger: { warn: log, error: log } as never,
    });
    observeCommits(dataSource, (commit) => this.watch.observe(commit));
  }

  async change(instanceId: InstanceId, object: ManagedObject, action: string, change: Partial<CommonFields>) {
    const { uniqueIdentifier: id } = object;
    await this.objectStores.forInstance(instanceId).mutate(id, (current) => ({
      object: { ...current, ...change },
      audit: anAuditEvent(instanceId, {
        action: action as never,
        target: { kind: 'key', id },
        ...(change.state === undefined ? {} : { details: { state: change.state } }),
      }),
      result: undefined,
    }));
  }

  async administer(instanceId: InstanceId, { uniqueIdentifier }: ManagedObject, change: KeyChange): Promise<void> {
    const administration = new KeyAdministration(
      new KeyDestruction({ logger: { warn: () => undefined, error: () => undefined } }),
      systemClock,
    );
    const initiator = { kind: 'user', iamId: 'IBMid-1' } as const;
    const administrator = { instanceId, initiator, correlationId: newCorrelationId(), observer: 'test' };
    const store = this.objectStores.forInstance(instanceId);
    await administration.change(store, uniqueIdentifier, change, administrator, () => undefined);
  }

  find(instanceId: InstanceId, { uniqueIdentifier }: ManagedObject) {
    return this.objectStores.forInstance(instanceId).find(toUniqueIdentifier(uniqueIdentifier));
  }
}

describe('a restored database', () => {
  let database: TestDatabase;
  let folder: string;
  let record: WithdrawalRecord;
  const databases: TestDatabase[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'restore-'));
    record = new WithdrawalRecord(join(folder, 'record'), () => new Date());
    database = await startTestPostgres();
    databases.push(database);
  });
  afterEach(async () => {
    for (const each of databases.splice(0).reverse()) await each.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** What is in the database at this moment, as a database of its own. */
  async function backup(): Promise<TestDatabase> {
    const copy = await startTestPostgres({ from: database.connection.database });
    databases.push(copy);
    return copy;
  }

  it('is not noticed where nothing was restored, by as many processes as there are', async () => {
    const dataSource = await database.openDataSource();
    const processes = [new Process(dataSource, record), new Process(dataSource, record)];
    for (let round = 0; round < 3; round += 1) await Promise.all(processes.map(({ watch }) => watch.round()));
    expect(processes.map(({ watch }) => watch.isHeld)).toStrictEqual([false, false]);
    expect((await record.read()).counter).toBe(6);
  });

  it('is noticed, lets nothing come back unseen, and holds destructions until it is released', async () => {
    const admin = await database.openAdmin();
    const [one, other] = [await insertInstance(admin), await insertInstance(admin)];
    const certificateId = await insertCertificate(admin, one);
    const staying = await insertCertificate(admin, one);
    const first = new Process(await database.openDataSource(), record);
    await first.watch.round();
    const keys: ManagedObject[] = [];
    for (let count = 0; count < 4; count += 1) {
      const key = aManagedObject({ state: 'Active', activationDate: new Date('2026-01-01T00:00:00.000Z') });
      keys.push(await putObject(first.objectStores.forInstance(one), one, key));
    }
    const [suspended, deactivated, compromised, resumed] = keys as [
      ManagedObject,
      ManagedObject,
      ManagedObject,
      ManagedObject,
    ];
    const suspend = 'vmware-solutions.kmip-key.suspend';
    await first.change(one, resumed, suspend, { suspended: true });
    await admin.end();
    const restored = await backup();

    const context = {
      initiator: { kind: 'system', component: 'test' },
      correlationId: newCorrelationId(),
      observer: 'test',
    } as const;
    await first.certificates.remove(one, certificateId, context);
    await first.change(one, suspended, suspend, { suspended: true });
    await first.change(one, deactivated, 'vmware-solutions.kmip-key.revoke', { state: 'Deactivated' });
    await first.change(one, compromised, 'vmware-solutions.kmip-key.revoke', { state: 'Compromised' });
    await first.change(one, resumed, 'vmware-solutions.kmip-key.resume', { suspended: false });
    await first.watch.round();
    expect(first.watch.unwritten).toBe(0);

    const second = new Process(await restored.openDataSource(), record);
    await second.watch.round();
    expect(second.watch.isHeld).toBe(true);
    expect((await second.certificates.list(one)).map(({ id }) => id)).toStrictEqual([staying]);
    expect(await second.find(one, suspended)).toMatchObject({ suspended: true });
    expect(await second.find(one, deactivated)).toMatchObject({ state: 'Deactivated' });
    expect(await second.find(one, compromised)).toMatchObject({ state: 'Compromised' });
    expect(await second.find(one, resumed)).toMatchObject({ suspended: true });
    expect(await second.watch.state()).toMatchObject({ sign: 'counter', released: [] });
    const { withdrawals } = (await second.watch.state())!;
    expect(withdrawals.map(({ kind, outcome }) => `${kind} ${outcome}`).toSorted()).toStrictEqual([
      'certificate_removed withdrawn_again',
      'compromised withdrawn_again',
      'deactivated withdrawn_again',
      'resumed left',
      'suspended withdrawn_again',
    ]);

    // What an administrator gives back afterwards stays given back.
    await second.change(one, suspended, 'vmware-solutions.kmip-key.resume', { suspended: false });
    await second.watch.round();
    expect(await second.find(one, suspended)).toMatchObject({ suspended: false });

    expect([one, other].map((id) => second.watch.destructionsWait(id))).toStrictEqual([true, true]);
    await second.watch.release(one);
    expect([one, other].map((id) => second.watch.destructionsWait(id))).toStrictEqual([false, true]);
    expect([one, other].map((id) => second.watch.heldSince(id))).toStrictEqual([undefined, expect.any(Date)]);
    const third = new Process(await restored.openDataSource(), record);
    await third.watch.round();
    expect([one, other].map((id) => third.watch.destructionsWait(id))).toStrictEqual([false, true]);
    await second.watch.release();
    await third.watch.round();
    expect([second, third].map(({ watch }) => watch.isHeld)).toStrictEqual([false, false]);
  });

  it('is released everywhere as soon as somebody says so', async () => {
    const admin = await database.openAdmin();
    const one = await insertInstance(admin);
    const certificateId = await insertCertificate(admin, one);
    const before = new Process(await database.openDataSource(), record);
    await before.watch.round();
    await admin.end();
    const copy = await backup();
    const initiator = { kind: 'system', component: 'test' } as const;
    await before.certificates.remove(one, certificateId, {
      initiator,
      correlationId: newCorrelationId(),
      observer: 'test',
    });
    await before.watch.round();
    const dataSource = await copy.openDataSource();
    const [releasing, hearing] = [new Process(dataSource, record), new Process(dataSource, record)];
    for (const { watch } of [releasing, hearing]) await watch.round();
    expect(hearing.watch.isHeld).toBe(true);
    const log = () => undefined;
    const bus = new PostgresInvalidationBus({ connection: copy.connection, dataSource, log });
    await bus.start();
    try {
      const heard = new Promise<void>((resolve) => {
        bus.subscribe(() => {
          hearing.watch.heard();
          resolve();
        });
      });
      await releasing.watch.release();
      const region = new PostgresRegionDirectory(dataSource);
      await new InstanceService(new PostgresUnitOfWork(dataSource), region, systemClock).announce(one);
      await heard;
      // Waits for what is under way.
      await hearing.watch.stop();
      expect([releasing, hearing].map(({ watch }) => watch.isHeld)).toStrictEqual([false, false]);
    } finally {
      await bus.close();
    }
  });

  it.each<[string, KeyChange | undefined, boolean]>([
    ['suspends a key again as soon as a rebuild has brought it back', undefined, true],
    ['suspends it again if it was only made active before that', { reactivate: true }, true],
    ['leaves it to who made it active and resumed it before that', { reactivate: true, suspended: false }, false],
  ])('%s', async (_what, change, suspended) => {
    const admin = await database.openAdmin();
    const instance = await insertInstance(admin);
    await admin.end();
    const first = new Process(await database.openDataSource(), record);
    await first.watch.round();
    const restored = await backup();
    const object = aManagedObject({ state: 'Active', activationDate: new Date('2026-01-01T00:00:00.000Z') });
    const key = await putObject(first.objectStores.forInstance(instance), instance, object);
    await first.change(instance, key, 'vmware-solutions.kmip-key.suspend', { suspended: true });
    await first.watch.round();

    const second = new Process(await restored.openDataSource(), record);
    await second.watch.round();
    const store = second.objectStores.forInstance(instance);
    expect(await store.restore({ ...key, suspended: false }, anAuditEvent(instance), new Date())).toBe('restored');
    if (change !== undefined) await second.administer(instance, key, change);
    await second.watch.round();
    expect(await second.find(instance, key)).toMatchObject({ suspended });
  });

  it('holds a key for compromised that was deactivated, and made active, before that', async () => {
    const admin = await database.openAdmin();
    const instance = await insertInstance(admin);
    await admin.end();
    const first = new Process(await database.openDataSource(), record);
    await first.watch.round();
    const restored = await backup();
    const object = aManagedObject({ state: 'Active', activationDate: new Date('2026-01-01T00:00:00.000Z') });
    const key = await putObject(first.objectStores.forInstance(instance), instance, object);
    const revoke = 'vmware-solutions.kmip-key.revoke';
    await first.change(instance, key, revoke, { state: 'Compromised' });
    await first.watch.round();

    const second = new Process(await restored.openDataSource(), record);
    await second.watch.round();
    const store = second.objectStores.forInstance(instance);
    expect(await store.restore(key, anAuditEvent(instance), new Date())).toBe('restored');
    await second.change(instance, key, revoke, { state: 'Deactivated' });
    await second.administer(instance, key, { reactivate: true });
    await second.watch.round();
    expect(await second.find(instance, key)).toMatchObject({ state: 'Compromised' });
  });

  it('is noticed, once, by a withdrawal of the same minute', async () => {
    const admin = await database.openAdmin();
    const instance = await insertInstance(admin);
    const [removed, staying] = [await insertCertificate(admin, instance), await insertCertificate(admin, instance)];
    await admin.end();
    const first = new Process(await database.openDataSource(), record);
    await first.watch.round();
    const restored = await backup();
    const initiator = { kind: 'system', component: 'test' } as const;
    const context = { initiator, correlationId: newCorrelationId(), observer: 'test' };
    await first.certificates.remove(instance, removed, context);

    const dataSource = await restored.openDataSource();
    const processes = [new Process(dataSource, record), new Process(dataSource, record)];
    await Promise.all(processes.map(({ watch }) => watch.round()));
    expect((await processes[0]!.certificates.list(instance)).map(({ id }) => id)).toStrictEqual([staying]);
    expect(await processes[0]!.watch.state()).toMatchObject({ sign: 'withdrawal' });
    await processes[0]!.watch.release();
    for (const { watch } of processes) await watch.round();
    expect(processes.map(({ watch }) => watch.isHeld)).toStrictEqual([false, false]);
  });

  it('is not taken for one while a commit hangs, and no process is kept from its start by it', async () => {
    const admin = await database.openAdmin();
    const instanceId = await insertInstance(admin);
    const first = new Process(await database.openDataSource(), record);
    await first.watch.start();
    const object = aManagedObject();
    await putObject(first.objectStores.forInstance(instanceId), instanceId, object);
    await first.change(instanceId, object, 'vmware-solutions.kmip-key.suspend', { suspended: true });
    await first.watch.stop();

    await admin.query('BEGIN');
    await admin.query('SELECT FROM audit_chain_heads WHERE instance_id = $1 FOR UPDATE', [instanceId]);
    const second = new Process(await database.openDataSource(), record);
    await second.watch.start();
    expect(second.logged).toEqual(['an audit chain cannot be read: it is looked at again']);
    expect(second.watch.isHeld).toBe(false);
    await admin.query('ROLLBACK');
    await second.watch.round();
    expect([second.watch.isHeld, second.logged.length]).toEqual([false, 1]);
    await second.watch.stop();
  });

  it('is noticed in another cluster too', async () => {
    const watching = new Process(await database.openDataSource(), record);
    await watching.watch.round();
    const admin = await database.openAdmin();
    await admin.query(`UPDATE region_progress SET system_identifier = '4711'`);
    await watching.watch.round();
    expect(await watching.watch.state()).toMatchObject({ sign: 'cluster' });
    await watching.watch.release();
    await watching.watch.round();
    expect(watching.watch.isHeld).toBe(false);
  });

  it('counts what the record lacks while it cannot be written, and writes it later', async () => {
    const admin = await database.openAdmin();
    const instance = await insertInstance(admin);
    const watching = new Process(await database.openDataSource(), record);
    const key = await putObject(watching.objectStores.forInstance(instance), instance, aManagedObject());
    const append = record.append.bind(record);
    record.append = () => Promise.reject(new Error('read-only'));
    await watching.change(instance, key, 'vmware-solutions.kmip-key.suspend', { suspended: true });
    expect(watching.watch.unwritten).toBe(1);
    record.append = append;
    await watching.watch.round();
    expect(watching.watch.unwritten).toBe(0);
    expect((await record.read()).withdrawals).toMatchObject([{ kind: 'suspended', subject: key.uniqueIdentifier }]);
  });
});
