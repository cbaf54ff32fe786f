import { Inject, Module, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';

import { type GatewayConfig } from '@lib/config';
import { type Clock } from '@lib/kernel';
import { KmipEngine, OperationTable } from '@lib/kmip-engine';
import { type Logger, Metrics, warningsOf } from '@lib/observability';
import { PostgresConnectionAttempts, PostgresObjectStores, PostgresRegionDirectory } from '@lib/persistence';
import { CLOCK, LOGGER, onDatabase } from '@lib/platform';
import { CertificateProofService, ClientDirectory, KmipPasswords, type ProofPolicy } from '@lib/tenancy';

import { ClientsModule, PROOF_POLICY } from '../clients/clients.module';
import { EngineModule } from '../engine/engine.module';
import { GATEWAY_CONFIG } from '../gateway-config.module';
import { GatewayMetrics } from '../gateway-metrics';
import { AllowListJudge } from './admission';
import { AnswerMemories } from './answer-memories';
import { ConnectionRecords } from './connection-records';
import { EngineScopes } from './engine-scopes';
import { InstanceRoutes, type InstanceRoutesOptions } from './instance-route';
import { KmipSession, type KmipSessionParts } from './kmip-session';
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

type Whose = Pick<InstanceRoutesOptions, 'directory' | 'holders' | 'passwords' | 'proofs' | 'policy'>;
type Where = Pick<InstanceRoutesOptions, 'clock' | 'endpointName' | 'instanceDomain' | 'alarm'>;
type Reports = Pick<KmipSessionParts, 'observer' | 'records' | 'audit' | 'questions'>;
const WHOSE = Symbol('WHOSE');
const WHERE = Symbol('WHERE');
const REPORTS = Symbol('REPORTS');

/** How it is found out whose a client is. */
const whose = {
  provide: WHOSE,
  inject: [ClientDirectory, PostgresRegionDirectory, KmipPasswords, CertificateProofService, PROOF_POLICY],
  useFactory: (
    directory: ClientDirectory,
    region: PostgresRegionDirectory,
    passwords: KmipPasswords,
    proofs: CertificateProofService,
    policy: ProofPolicy,
  ): Whose => ({
    directory,
    holders: (fingerprint, uniqueIdentifier) => region.holders(fingerprint, uniqueIdentifier),
    passwords,
    proofs,
    policy: () => policy,
  }),
};

const where = {
  provide: WHERE,
  inject: [CLOCK, GATEWAY_CONFIG, LOGGER],
  useFactory: (clock: Clock, config: GatewayConfig, logger: Logger): Where => ({
    clock,
    endpointName: config.kmipEndpointName,
    ...(config.kmipInstanceDomain === undefined ? {} : { instanceDomain: config.kmipInstanceDomain.toLowerCase() }),
    alarm: (message, fields) => logger.error(fields, message),
  }),
};

/** Who hears what became of clients: metrics and log, the diagnosis of tenants, their trail. */
const reports = {
  provide: REPORTS,
  inject: [GatewayMetrics, ConnectionRecords, RefusalAudit, QuestionAudit],
  useFactory: (
    observer: GatewayMetrics,
    records: ConnectionRecords,
    audit: RefusalAudit,
    questions: QuestionAudit,
  ): Reports => ({ observer, records, audit, questions }),
};

const instanceRoutes = {
  provide: InstanceRoutes,
  inject: [WHOSE, WHERE, REPORTS],
  useFactory: (ofWhom: Whose, atPlace: Where, { records, audit }: Pick<InstanceRoutesOptions, 'records' | 'audit'>) =>
    new InstanceRoutes({ ...ofWhom, ...atPlace, records, audit }),
};

const answerMemories = {
  provide: AnswerMemories,
  inject: [GATEWAY_CONFIG],
  useFactory: (config: GatewayConfig) => new AnswerMemories(config.kmipMaximumAnswerBytesPerInstance),
};

const kmipSession = {
  provide: KmipSession,
  inject: [AllowListJudge, KmipEngine, OperationTable, EngineScopes, InstanceRoutes, REPORTS, AnswerMemories],
  useFactory: (
    admission: AllowListJudge,
    engine: KmipEngine,
    operations: OperationTable,
    scopes: EngineScopes,
    routes: InstanceRoutes,
    toldTo: Reports,
    answers: AnswerMemories,
  ) =>
    new KmipSession({
      admission,
      engine,
      operations,
      scopeFor: (client, peer) => scopes.withKeyManager(client, peer),
      bareScopeFor: (client, peer) => scopes.bare(client, peer),
      routes,
      ...toldTo,
      answers,
    }),
};

/** Between listener and engine: who is talking, for whom, and what of it is told to whom. */
@Module({
  imports: [ClientsModule, EngineModule],
  providers: [
    EngineScopes,
    onDatabase(PostgresConnectionAttempts),
    connectionRecords,
    refusalAudit,
    questionAudit,
    whose,
    where,
    reports,
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
