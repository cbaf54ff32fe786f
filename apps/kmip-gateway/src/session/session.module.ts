import { Inject, Module, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';

import { type GatewayConfig } from '@lib/config';
import { type Clock } from '@lib/kernel';
import { KmipEngine, OperationTable } from '@lib/kmip-engine';
import { type Logger, Metrics, warningsOf } from '@lib/observability';
import { PostgresConnectionAttempts, PostgresObjectStores, PostgresRegionDirectory } from '@lib/persistence';
import { builtFrom, CLOCK, LOGGER, onDatabase, PROOF_POLICY } from '@lib/platform';
import { CertificateProofService, ClientDirectory, KmipPasswords } from '@lib/tenancy';

import { ClientsModule } from '../clients/clients.module';
import { EngineModule } from '../engine/engine.module';
import { GATEWAY_CONFIG } from '../gateway-config.module';
import { GatewayMetrics } from '../gateway-metrics';
import { answerMemory } from '../workers/shares';
import { AllowListJudge } from './admission';
import { AnswerMemories } from './answer-memories';
import { ConnectionRecords } from './connection-records';
import { EngineScopes } from './engine-scopes';
import { InstanceRoutes } from './instance-route';
import { KmipSession } from './kmip-session';
import { QuestionAudit } from './question-audit';
import { RefusalAudit } from './refusal-audit';

const connectionRecords = {
  provide: ConnectionRecords,
  inject: [PostgresConnectionAttempts, GATEWAY_CONFIG, CLOCK, LOGGER],
  useFactory: (reports: PostgresConnectionAttempts, config: GatewayConfig, clock: Clock, logger: Logger) =>
    new ConnectionRecords({
      reports,
      endpointName: config.kmipEndpointName,
      clock,
      log: warningsOf(logger),
    }),
};

const refusalAudit = {
  provide: RefusalAudit,
  inject: [PostgresObjectStores, GATEWAY_CONFIG, CLOCK, GatewayMetrics],
  useFactory: (stores: PostgresObjectStores, config: GatewayConfig, clock: Clock, metrics: GatewayMetrics) =>
    new RefusalAudit({
      sink: stores.auditSink,
      clock,
      endpointName: config.kmipEndpointName,
      unrecorded: (error) => metrics.refusalUnrecorded(error),
    }),
};

const questionAudit = {
  provide: QuestionAudit,
  inject: [PostgresObjectStores, CLOCK, GatewayMetrics],
  useFactory: (stores: PostgresObjectStores, clock: Clock, metrics: GatewayMetrics) =>
    new QuestionAudit({
      sink: stores.auditSink,
      clock,
      unrecorded: (questions, error) => metrics.questionUnrecorded(questions, error),
    }),
};

const instanceRoutes = builtFrom(InstanceRoutes, {
  directory: ClientDirectory,
  regions: PostgresRegionDirectory,
  passwords: KmipPasswords,
  proofs: CertificateProofService,
  policy: PROOF_POLICY,
  records: ConnectionRecords,
  audit: RefusalAudit,
  clock: CLOCK,
  config: GATEWAY_CONFIG,
  logger: LOGGER,
});

const answerMemories = {
  provide: AnswerMemories,
  inject: [GATEWAY_CONFIG],
  useFactory: (config: GatewayConfig) => {
    const { perInstance, together } = answerMemory(config);
    return new AnswerMemories(perInstance, together);
  },
};

const kmipSession = builtFrom(KmipSession, {
  admission: AllowListJudge,
  engine: KmipEngine,
  operations: OperationTable,
  scopes: EngineScopes,
  routes: InstanceRoutes,
  observer: GatewayMetrics,
  records: ConnectionRecords,
  audit: RefusalAudit,
  questions: QuestionAudit,
  answers: AnswerMemories,
});

/** Between listener and engine: who is talking, for whom, and what of it is told to whom. */
@Module({
  imports: [ClientsModule, EngineModule],
  providers: [
    EngineScopes,
    onDatabase(PostgresConnectionAttempts),
    connectionRecords,
    refusalAudit,
    questionAudit,
    instanceRoutes,
    answerMemories,
    kmipSession,
  ],
  exports: [KmipSession, ConnectionRecords, QuestionAudit],
})
export class SessionModule implements OnModuleInit, OnModuleDestroy {
  constructor(
    @Inject(InstanceRoutes) private readonly routes: InstanceRoutes,
    @Inject(RefusalAudit) private readonly refusals: RefusalAudit,
    @Inject(QuestionAudit) private readonly questions: QuestionAudit,
    @Inject(ConnectionRecords) private readonly records: ConnectionRecords,
    @Inject(Metrics) private readonly metrics: Metrics,
  ) {}

  onModuleInit(): void {
    const dropped = 'Connections left out of the diagnosis of tenants.';
    this.metrics.polledGauge('kmip_connection_reports_dropped', dropped, () => this.records.dropped);
  }

  /** What is still to be written of clients that have gone. */
  async onModuleDestroy(): Promise<void> {
    await this.routes.settled();
    await this.refusals.settled();
    await this.questions.stop();
    await this.records.stop();
  }
}
