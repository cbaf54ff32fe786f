import { hostname } from 'node:os';

import { Global, Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

import { type Clock, LeasedWorker } from '@lib/kernel';
import { type Logger, Metrics, warningsOf } from '@lib/observability';
import {
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
import { UsageAndAttemptsUpkeep } from './usage-and-attempts-upkeep';
import { CertificateExpiry } from './certificate-expiry';
import { CredentialResealing } from './credential-resealing';
import { HeadRound } from './head-round';
import { KmipPasswordCount } from './kmip-passwords';

const INTERVAL_MS = 600_000;
const LEASE_MS = 1_800_000;

/** Token of the worker. */
export const CHORES = Symbol('CHORES');

interface Chore {
  round(): Promise<void>;
}

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

const credentialResealing = {
  provide: CredentialResealing,
  inject: [PostgresRegionDirectory, RootKeyBindingService, CredentialSealer, CLOCK, Metrics, LOGGER],
  useFactory: (
    directory: PostgresRegionDirectory,
    rootKeys: RootKeyBindingService,
    { newestVersion: serviceKeyVersion }: CredentialSealer,
    clock: Clock,
    metrics: Metrics,
    logger: Logger,
  ) => {
    const outdated = metrics.gauge('kmip_outdated_credentials', 'API keys not sealed by the newest service key');
    return new CredentialResealing({
      directory,
      rootKeys,
      serviceKeyVersion,
      clock,
      gauge: (count) => outdated.set(count),
      unreadable: (instanceId, err) => logger.warn({ instanceId, err }, 'a stored API key cannot be sealed anew'),
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

/** One process of the region does them, one after the other. */
const worker = {
  provide: CHORES,
  inject: [
    PostgresLeases,
    LOGGER,
    UsageAndAttemptsUpkeep,
    CertificateExpiry,
    CredentialResealing,
    KmipPasswordCount,
    HeadRound,
  ],
  useFactory: (leases: PostgresLeases, logger: Logger, ...chores: Chore[]) =>
    new LeasedWorker({
      name: 'management-housekeeping',
      owner: `${hostname()}/${process.pid}`,
      leases,
      intervalMs: INTERVAL_MS,
      leaseMs: LEASE_MS,
      log: warningsOf(logger),
      work: async () => {
        for (const chore of chores) await chore.round();
      },
    }),
};

/** What is done from time to time for all tenants. Global, so that it stops after the duties of the broker. */
@Global()
@Module({
  providers: [
    onDatabase(PostgresDailyUsages),
    onDatabase(PostgresConnectionAttempts),
    UsageAndAttemptsUpkeep,
    certificateExpiry,
    credentialResealing,
    KmipPasswordCount,
    headRound,
    worker,
  ],
})
export class HousekeepingModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    @Inject(CHORES) private readonly chores: LeasedWorker,
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
