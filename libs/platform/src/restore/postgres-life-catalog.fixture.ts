import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { toCadf } from '@lib/audit';
import { type Clock, type InstanceId, newCorrelationId, systemClock } from '@lib/kernel';
import { type ManagedObjectStore } from '@lib/kmip-engine';
import {
  observeCommits,
  PostgresAuditTrail,
  PostgresObjectStores,
  PostgresRegionDirectory,
  PostgresRegionProgress,
  PostgresUnitOfWork,
} from '@lib/persistence';
import { ClientCertificateService } from '@lib/tenancy';
import {
  insertCertificate,
  insertInstance,
  type LifeCatalog,
  type OpenLifeCatalog,
  startTestPostgres,
  type TestDatabase,
} from '@lib/testing';
import { randomUUID } from 'node:crypto';
import { type DataSource } from 'typeorm';

import { RestoreWatch } from './restore-watch';
import { WithdrawalRecord } from './withdrawal-record';
import { WithdrawalReplay } from './withdrawal-replay';

const CERTIFICATES = 2;
const PAGE = 500;
const silent = { warn: () => undefined, error: () => undefined };

/** What one process has of the region: its connections, and all that is remembered in it. */
class Connected {
  readonly store: ManagedObjectStore;
  readonly trail: PostgresAuditTrail;
  readonly certificates: ClientCertificateService;
  readonly watch: RestoreWatch;

  constructor(
    readonly dataSource: DataSource,
    instanceId: InstanceId,
    clock: Clock,
    record: WithdrawalRecord,
  ) {
    const objectStores = new PostgresObjectStores(dataSource);
    this.store = objectStores.forInstance(instanceId);
    this.trail = new PostgresAuditTrail(dataSource);
    // Certificates are valid by the database's clock.
    this.certificates = new ClientCertificateService(new PostgresUnitOfWork(dataSource), systemClock, {
      newId: randomUUID,
      directory: new PostgresRegionDirectory(dataSource),
    });
    // What else can be withdrawn is tried on a whole region (withdrawal-replay.int-spec.ts).
    const never = (): Promise<never> => Promise.reject(new Error('not here'));
    const replay = new WithdrawalReplay({
      role: 'api',
      clock,
      objectStores,
      certificates: this.certificates,
      instances: { get: never, setEnabled: never, setOptions: never },
      proofs: { takeOver: never },
      kmipCredentials: { list: never, remove: never },
      rootKeys: { unsetCredential: never },
    });
    const progress = new PostgresRegionProgress(dataSource);
    this.watch = new RestoreWatch({ progress, record, replay: (each) => replay.run(each), logger: silent });
    observeCommits(dataSource, (commit) => this.watch.observe(commit));
  }
}

/** One instance in a database of its own, with the record beside it; a backup is a copy of the database. */
class PostgresLifeCatalog implements LifeCatalog {
  readonly reach = 'record';
  readonly #record: WithdrawalRecord;
  #backup: TestDatabase | undefined;

  private constructor(
    readonly instanceId: InstanceId,
    private readonly clock: Clock,
    private readonly folder: string,
    private database: TestDatabase,
    private connected: Connected,
  ) {
    this.#record = recordIn(folder, clock);
  }

  static async open(clock: Clock): Promise<PostgresLifeCatalog> {
    const folder = await mkdtemp(join(tmpdir(), 'life-'));
    const database = await startTestPostgres();
    const admin = await database.openAdmin();
    const instanceId = await insertInstance(admin);
    for (let count = 0; count < CERTIFICATES; count += 1) await insertCertificate(admin, instanceId);
    const connected = new Connected(await connectionsTo(database), instanceId, clock, recordIn(folder, clock));
    const catalog = new PostgresLifeCatalog(instanceId, clock, folder, database, connected);
    await catalog.minute();
    return catalog;
  }

  get store(): ManagedObjectStore {
    return this.connected.store;
  }

  get isHeld(): boolean {
    return this.connected.watch.destructionsWait(this.instanceId);
  }

  async backUp(): Promise<void> {
    // A database is copied while nobody is connected to it.
    await this.connected.dataSource.destroy();
    await this.#backup?.close();
    this.#backup = await startTestPostgres({ from: this.database.connection.database });
    await rm(this.#savedRecord, { recursive: true, force: true });
    await cp(recordFolder(this.folder), this.#savedRecord, { recursive: true });
    await this.#connect(this.database);
  }

  async restore({ noticed }: { readonly noticed: boolean }): Promise<boolean> {
    if (this.#backup === undefined) return false;
    await this.database.close();
    if (!noticed) {
      await rm(recordFolder(this.folder), { recursive: true, force: true });
      await cp(this.#savedRecord, recordFolder(this.folder), { recursive: true });
    }
    this.database = await startTestPostgres({ from: this.#backup.connection.database });
    await this.#connect(this.database);
    await this.minute();
    return true;
  }

  release(): Promise<void> {
    return this.connected.watch.release(this.instanceId);
  }

  minute(): Promise<void> {
    return this.connected.watch.round();
  }

  async exportTrail(): Promise<readonly string[]> {
    const lines: string[] = [];
    for (let after = 0; ; after += PAGE) {
      const page = await this.connected.trail.list(this.instanceId, { newestFirst: false, after, limit: PAGE });
      lines.push(...page.map(({ row }) => JSON.stringify(toCadf(row))));
      if (page.length < PAGE) return lines;
    }
  }

  async certificates(): Promise<readonly string[]> {
    return (await this.connected.certificates.list(this.instanceId)).map(({ id }) => id);
  }

  async removeCertificate(id: string): Promise<void> {
    const initiator = { kind: 'system', component: 'test' } as const;
    const context = { initiator, correlationId: newCorrelationId(), observer: 'test' };
    await this.connected.certificates.remove(this.instanceId, id, context);
  }

  async close(): Promise<void> {
    await this.database.close();
    await this.#backup?.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  get #savedRecord(): string {
    return join(this.folder, 'saved');
  }

  async #connect(database: TestDatabase): Promise<void> {
    this.connected = new Connected(await connectionsTo(database), this.instanceId, this.clock, this.#record);
  }
}

const recordFolder = (folder: string): string => join(folder, 'record');

const recordIn = (folder: string, clock: Clock): WithdrawalRecord =>
  new WithdrawalRecord(recordFolder(folder), () => clock.now());

const connectionsTo = (database: TestDatabase): Promise<DataSource> => database.openDataSource({ poolSize: 4 });

export const openPostgresLifeCatalog: OpenLifeCatalog = (clock) => PostgresLifeCatalog.open(clock);
