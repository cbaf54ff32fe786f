import { randomUUID } from 'node:crypto';

import { readServiceKeyFile } from '@lib/config';
import { type Clock, type Secret, systemClock } from '@lib/kernel';
import { type Logger } from '@lib/observability';
import {
  createDataSource,
  type DatabaseRole,
  excessPowers,
  observeCommits,
  PostgresInvalidationBus,
  PostgresLeases,
  PostgresObjectStores,
  PostgresRegionDirectory,
  PostgresRegionProgress,
  PostgresUnitOfWork,
} from '@lib/persistence';
import {
  CertificateProofService,
  ClientCertificateService,
  CredentialSealer,
  EndpointPolicy,
  InstanceService,
  KmipCredentialService,
  KmipPasswords,
  RootKeyBindingService,
} from '@lib/tenancy';
import { type DataSource } from 'typeorm';

import { type CloudEndpointSettings, endpointTemplates } from './cloud-endpoints';
import { databaseConnection } from './database-connection';
import { RestoreWatch } from './restore/restore-watch';
import { WithdrawalRecord } from './restore/withdrawal-record';
import { WithdrawalReplay } from './restore/withdrawal-replay';

export interface RegionSettings extends CloudEndpointSettings {
  readonly databaseUrl: Secret;
  readonly databasePoolSize: number;
  readonly serviceKeyFile: string;
  /** Where it is recorded how far the region has come; unset: beside the service keys. */
  readonly restoreRecordFolder?: string | undefined;
  /** For who makes instances. */
  readonly maximumInstancesPerAccount?: number;
}

/** Beside the service keys, unless it is set. */
export const recordFolderOf = (settings: Pick<RegionSettings, 'serviceKeyFile' | 'restoreRecordFolder'>): string =>
  settings.restoreRecordFolder ?? `${settings.serviceKeyFile}.record`;

const EXCESS =
  'the login of DATABASE_URL can do more in the database than this process may; give the process a login of its own ' +
  '(docs/operations.md, "Logins of the database")';

/** Who opens a region, as the database is told. */
export interface RegionClient {
  /** Shows up in pg_stat_activity. */
  readonly applicationName: string;
  readonly role: DatabaseRole;
}

/** What is of this process alone. */
interface RegionOwn {
  readonly record: WithdrawalRecord;
  readonly role: DatabaseRole;
  readonly limits: { readonly maximumPerAccount?: number };
}

/** Everything both apps share: the catalog of a region and the services over it, connected to one database. */
export class Region {
  readonly clock: Clock = systemClock;
  readonly directory: PostgresRegionDirectory;
  readonly leases: PostgresLeases;
  readonly objectStores: PostgresObjectStores;
  readonly unitOfWork: PostgresUnitOfWork;
  readonly instances: InstanceService;
  readonly certificates: ClientCertificateService;
  readonly proofs: CertificateProofService;
  readonly kmipPasswords: KmipPasswords;
  readonly kmipCredentials: KmipCredentialService;
  readonly rootKeys: RootKeyBindingService;
  readonly restore: RestoreWatch;

  private constructor(
    readonly dataSource: DataSource,
    readonly bus: PostgresInvalidationBus,
    readonly endpoints: EndpointPolicy,
    readonly seals: { readonly sealer: CredentialSealer; readonly passwords: KmipPasswords },
    { record, role, limits }: RegionOwn,
    logger: Logger,
  ) {
    this.directory = new PostgresRegionDirectory(dataSource);
    this.leases = new PostgresLeases(dataSource);
    this.objectStores = new PostgresObjectStores(dataSource);
    this.unitOfWork = new PostgresUnitOfWork(dataSource);
    this.instances = new InstanceService(this.unitOfWork, this.directory, this.clock, limits);
    const { unitOfWork, clock, directory } = this;
    this.certificates = new ClientCertificateService(unitOfWork, clock, {
      newId: randomUUID,
      directory,
    });
    this.proofs = new CertificateProofService(unitOfWork, clock, { newId: randomUUID, directory });
    this.kmipPasswords = seals.passwords;
    this.kmipCredentials = new KmipCredentialService(unitOfWork, seals.passwords, clock, randomUUID);
    this.rootKeys = new RootKeyBindingService(this.unitOfWork, seals.sealer, endpoints, this.clock, randomUUID);
    const { instances, certificates, proofs, kmipCredentials, rootKeys, objectStores } = this;
    const replay = new WithdrawalReplay({
      role,
      clock,
      instances,
      certificates,
      proofs,
      kmipCredentials,
      rootKeys,
      objectStores,
    });
    this.restore = new RestoreWatch({
      progress: new PostgresRegionProgress(dataSource),
      record,
      replay: (withdrawal) => replay.run(withdrawal),
      logger,
    });
    observeCommits(dataSource, (commit) => this.restore.observe(commit));
  }

  /** Connects to the database and begins to hear of changes. The schema must be up to date. */
  static async open(settings: RegionSettings, client: RegionClient, logger: Logger): Promise<Region> {
    const { newest, byVersion } = await readServiceKeyFile(settings.serviceKeyFile);
    const keyring = { newest: newest.version, keys: byVersion };
    const sealer = new CredentialSealer(keyring);
    const connection = databaseConnection(settings.databaseUrl);
    const dataSource = createDataSource(connection, {
      ...client,
      poolSize: settings.databasePoolSize,
      log: (message) => logger.warn(message),
    });
    await dataSource.initialize();
    const log = (message: string, error?: unknown): void => logger.warn({ err: error }, message);
    const bus = new PostgresInvalidationBus({ connection, dataSource, log });
    try {
      const excess = await excessPowers(dataSource, client.role);
      if (excess.length > 0) logger.warn({ excess }, EXCESS);
      await bus.start();
    } catch (error) {
      // Who waits for its database tries again each second: each try would leave its connections behind.
      await Promise.allSettled([bus.close(), dataSource.destroy()]);
      throw error;
    }
    const record = new WithdrawalRecord(recordFolderOf(settings), () => systemClock.now());
    const endpoints = new EndpointPolicy(endpointTemplates(settings));
    const seals = { sealer, passwords: new KmipPasswords(keyring) };
    const { maximumInstancesPerAccount } = settings;
    const limits = maximumInstancesPerAccount === undefined ? {} : { maximumPerAccount: maximumInstancesPerAccount };
    const region = new Region(dataSource, bus, endpoints, seals, { record, role: client.role, limits }, logger);
    try {
      await region.restore.start();
    } catch (error) {
      await region.close();
      throw error;
    }
    return region;
  }

  /** What this process seals with. */
  get serviceKeyVersion(): number {
    return this.seals.sealer.newestVersion;
  }

  /** Rejects when the database does not answer; for readiness. */
  async checkDatabase(): Promise<void> {
    await this.dataSource.query('SELECT 1');
  }

  async close(): Promise<void> {
    await this.restore.stop();
    await this.bus.close();
    await this.dataSource.destroy();
  }
}
