import { Global, Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

import { type Clock } from '@lib/kernel';
import { type Logger, Metrics } from '@lib/observability';
import {
  PostgresAuditMonths,
  PostgresAuditTrail,
  PostgresConnectionAttempts,
  PostgresDailyUsages,
  PostgresLeases,
  PostgresObjectStores,
  PostgresRegionDirectory,
} from '@lib/persistence';
import { CLOCK, type HeadSigning, LOGGER, onDatabase } from '@lib/platform';
import { CredentialSealer, RootKeyBindingService } from '@lib/tenancy';

import { AUDIT_HEADS } from '../tenant-api/tokens';
import { Webhooks } from '../webhooks/webhooks';
import { WebhooksModule } from '../webhooks/webhooks.module';
import { UsageAndAttemptsUpkeep } from './usage-and-attempts-upkeep';
import { AuditMonths } from './audit-months';
import { CertificateExpiry } from './certificate-expiry';
import { type Chore, Chores } from './chores';
import { ConsoleUpkeep } from './console-upkeep';
import { CredentialResealing, type CredentialResealingDependencies } from './credential-resealing';
import { HeadRound } from './head-round';
import { KmipPasswordCount } from './kmip-passwords';

const certificateExpiry = {
  provide: CertificateExpiry,
  inject: [PostgresRegionDirectory, PostgresAuditTrail, PostgresObjectStores, CLOCK, Metrics],
  useFactory: (
    directory: PostgresRegionDirectory,
    trail: PostgresAuditTrail,
    { auditSink: sink }: PostgresObjectStores,
    clock: Clock,
    metrics: Metrics,
  ) => {
    const help = 'Certificates that end within so many days';
    const expiring = metrics.gauge('kmip_client_certificates_expiring', help, ['days']);
    const gauge = (days: number, count: number): void => expiring.set({ days: String(days) }, count);
    return new CertificateExpiry({ directory, trail, sink, clock, gauge });
  },
};

/** Whoever keeps something sealed for tenants. */
const SEALED_KEEPERS = Symbol('SEALED_KEEPERS');

const sealedKeepers = {
  provide: SEALED_KEEPERS,
  inject: [RootKeyBindingService, Webhooks],
  useFactory: (...keepers: CredentialResealingDependencies['keepers']) => keepers,
};

const credentialResealing = {
  provide: CredentialResealing,
  inject: [PostgresRegionDirectory, SEALED_KEEPERS, CredentialSealer, CLOCK, Metrics, LOGGER],
  useFactory: (
    directory: PostgresRegionDirectory,
    keepers: CredentialResealingDependencies['keepers'],
    { newestVersion: serviceKeyVersion }: CredentialSealer,
    clock: Clock,
    metrics: Metrics,
    logger: Logger,
  ) => {
    const outdated = metrics.gauge(
      'kmip_outdated_credentials',
      'Tenants with secrets not sealed by the newest service key',
    );
    return new CredentialResealing({
      directory,
      keepers,
      serviceKeyVersion,
      clock,
      gauge: (count) => outdated.set(count),
      unreadable: (instanceId, err) => logger.warn({ instanceId, err }, 'a stored secret cannot be sealed anew'),
    });
  },
};

const headRound = {
  provide: HeadRound,
  inject: [AUDIT_HEADS, Metrics, LOGGER],
  useFactory: ({ signer, heads, copies, keys }: HeadSigning, metrics: Metrics, logger: Logger) => {
    const help = 'Audit trails that contradict what was signed of them';
    const contradicted = metrics.gauge('kmip_audit_trails_contradicted', help);
    const alarm = 'the audit trail contradicts what was signed: it was cut or restored';
    return new HeadRound({
      signer,
      heads,
      copies,
      signs: async () => (await keys()).length > 0,
      contradicted: (count) => contradicted.set(count),
      alarm: (instanceId, contradiction) => logger.error({ instanceId, contradiction }, alarm),
      failed: (instanceId, err) => logger.warn({ instanceId, err }, 'the head of an audit trail was not signed'),
    });
  },
};

const chores = {
  provide: Chores,
  inject: [
    PostgresLeases,
    LOGGER,
    UsageAndAttemptsUpkeep,
    CertificateExpiry,
    CredentialResealing,
    KmipPasswordCount,
    HeadRound,
    AuditMonths,
    ConsoleUpkeep,
  ],
  useFactory: (leases: PostgresLeases, logger: Logger, ...all: Chore[]) => new Chores(all, leases, logger),
};

/** What is done from time to time for all tenants. Global, so that it stops after the duties of the broker. */
@Global()
@Module({
  imports: [WebhooksModule],
  providers: [
    onDatabase(PostgresDailyUsages),
    onDatabase(PostgresConnectionAttempts),
    UsageAndAttemptsUpkeep,
    certificateExpiry,
    sealedKeepers,
    credentialResealing,
    KmipPasswordCount,
    headRound,
    onDatabase(PostgresAuditMonths),
    AuditMonths,
    ConsoleUpkeep,
    chores,
  ],
})
export class HousekeepingModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    @Inject(Chores) private readonly chores: Chores,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
  ) {}

  /** Callers are served first. */
  onApplicationBootstrap(): void {
    this.host.listen$.subscribe(() => {
      this.chores.start();
      void this.chores.round();
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.chores.stop();
  }
}
