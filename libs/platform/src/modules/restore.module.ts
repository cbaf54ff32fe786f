import {
  type DynamicModule,
  Global,
  Inject,
  Module,
  type OnApplicationShutdown,
  type OnModuleInit,
  Optional,
} from '@nestjs/common';

import { type Clock } from '@lib/kernel';
import { type Logger, Metrics } from '@lib/observability';
import { type DatabaseRole, observeCommits, PostgresObjectStores, PostgresRegionProgress } from '@lib/persistence';
import {
  CertificateProofService,
  ClientCertificateService,
  InstanceService,
  KmipCredentialService,
  RootKeyBindingService,
} from '@lib/tenancy';

import { DatabaseWait } from '../database/database-wait';
import { RegionDatabase } from '../database/region-database';
import { recordFolderOf, type RecordSettings } from '../restore/record-folder';
import { describeRestore, RestoreWatch } from '../restore/restore-watch';
import { WithdrawalRecord } from '../restore/withdrawal-record';
import { WithdrawalReplay } from '../restore/withdrawal-replay';
import { onDatabase } from './database.module';
import { CLOCK, LOGGER } from './process.module';
import { builtFrom } from './providers';

const restoreWatch = {
  provide: RestoreWatch,
  inject: [RegionDatabase, PostgresRegionProgress, WithdrawalRecord, WithdrawalReplay, LOGGER],
  useFactory: (
    { dataSource }: RegionDatabase,
    progress: PostgresRegionProgress,
    record: WithdrawalRecord,
    replay: WithdrawalReplay,
    logger: Logger,
  ) => {
    const watch = new RestoreWatch({ progress, record, replay: (withdrawal) => replay.run(withdrawal), logger });
    observeCommits(dataSource, (commit) => watch.observe(commit));
    return watch;
  },
};

const ROLE = Symbol('ROLE');

const withdrawalReplay = builtFrom(WithdrawalReplay, {
  role: ROLE,
  clock: CLOCK,
  instances: InstanceService,
  certificates: ClientCertificateService,
  proofs: CertificateProofService,
  kmipCredentials: KmipCredentialService,
  rootKeys: RootKeyBindingService,
  objectStores: PostgresObjectStores,
});

/** Notices that the database is from a backup: from before anything is served, and with every commit. */
@Global()
@Module({})
export class RestoreModule implements OnModuleInit, OnApplicationShutdown {
  #unsubscribe: (() => void) | undefined;

  constructor(
    @Inject(RestoreWatch) private readonly watch: RestoreWatch,
    @Inject(RegionDatabase) private readonly database: RegionDatabase,
    @Inject(DatabaseWait) private readonly wait: DatabaseWait,
    @Optional() @Inject(Metrics) private readonly metrics?: Metrics,
  ) {}

  /** @param role of this process: it puts in force again what its login may */
  static forRoot(settings: RecordSettings, role: DatabaseRole): DynamicModule {
    const record = {
      provide: WithdrawalRecord,
      inject: [CLOCK],
      useFactory: (clock: Clock) => new WithdrawalRecord(recordFolderOf(settings), () => clock.now()),
    };
    return {
      module: RestoreModule,
      providers: [
        { provide: ROLE, useValue: role },
        onDatabase(PostgresRegionProgress),
        record,
        withdrawalReplay,
        restoreWatch,
      ],
      exports: [RestoreWatch],
    };
  }

  async onModuleInit(): Promise<void> {
    if (this.metrics !== undefined) describeRestore(this.metrics, this.watch);
    try {
      await this.wait.until(() => this.watch.start());
      this.#unsubscribe = this.database.bus.subscribe(() => {
        this.watch.heard();
      });
    } catch (error) {
      // Nest stops nothing of a process that did not start, and a command would not end.
      await this.database.close();
      throw error;
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.#unsubscribe?.();
    await this.watch.stop();
  }
}
