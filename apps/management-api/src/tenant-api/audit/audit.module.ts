import { Global, Inject, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';

import { type ManagementApiConfig } from '@lib/config';
import { type Clock } from '@lib/kernel';
import { type Logger } from '@lib/observability';
import { PostgresAuditHeads, PostgresAuditTrail, PostgresObjectStores } from '@lib/persistence';
import { CLOCK, type HeadSigning, headSigning, LOGGER, onDatabase } from '@lib/platform';

import { CALL_RECORDER } from '../../http/tokens';
import { MANAGEMENT_CONFIG } from '../../management-config.module';
import { AUDIT_HEADS } from '../tokens';
import { AuditHeadsController } from './audit-heads.controller';
import { AuditController } from './audit.controller';
import { CallAudit } from './call-audit';
import { RepeatedReads } from './repeated-reads';

const repeatedReads = {
  provide: RepeatedReads,
  inject: [PostgresObjectStores, CLOCK, LOGGER],
  useFactory: ({ auditSink: sink }: PostgresObjectStores, clock: Clock, logger: Logger) =>
    new RepeatedReads({
      sink,
      clock,
      failed: (err) => logger.warn({ err }, 'repeated reads could not be counted in the audit trail yet'),
    }),
};

const callRecorder = {
  provide: CALL_RECORDER,
  inject: [PostgresObjectStores, CLOCK, RepeatedReads],
  useFactory: ({ auditSink }: PostgresObjectStores, clock: Clock, reads: RepeatedReads) =>
    new CallAudit(auditSink, clock, reads),
};

const signedHeads = {
  provide: AUDIT_HEADS,
  inject: [MANAGEMENT_CONFIG, PostgresAuditHeads, PostgresAuditTrail, CLOCK, LOGGER],
  useFactory: async (
    config: ManagementApiConfig,
    heads: PostgresAuditHeads,
    trail: PostgresAuditTrail,
    clock: Clock,
    logger: Logger,
  ): Promise<HeadSigning> => {
    const signing = headSigning(config, { heads, trail, clock }, (message, err) => logger.error({ err }, message));
    // A damaged file is told now, and not when a tenant asks.
    if ((await signing.keys()).length === 0) {
      logger.warn('AUDIT_KEY_FILE is not set: heads of audit trails are not signed');
    }
    return signing;
  },
};

/** The trail: what management calls leave in it, what tenants read of it, and the heads that are signed. */
@Global()
@Module({
  controllers: [AuditController, AuditHeadsController],
  providers: [onDatabase(PostgresAuditTrail), onDatabase(PostgresAuditHeads), repeatedReads, callRecorder, signedHeads],
  exports: [AUDIT_HEADS, PostgresAuditTrail, CALL_RECORDER],
})
export class AuditModule implements OnModuleInit, OnApplicationShutdown {
  constructor(@Inject(RepeatedReads) private readonly reads: RepeatedReads) {}

  onModuleInit(): void {
    this.reads.start();
  }

  /** After the last answer: what was counted is written. */
  async onApplicationShutdown(): Promise<void> {
    await this.reads.stop();
  }
}
