import { randomUUID } from 'node:crypto';

import { type ManagementApiConfig } from '@lib/config';
import { type Clock, DomainError } from '@lib/kernel';
import { PostgresCatalogDirectory, PostgresCatalogUnitOfWork } from '@lib/persistence';
import { type Region } from '@lib/platform';
import { LeasedWorker, PlatformReconciler, type ReconciliationReport, type UsageReporter } from '@lib/tenancy';

import { IamKeySet, keysFrom } from '../auth/iam-key-set';
import { type ServiceIdentity } from '../auth/service-identity';
import { type BrokerOptions } from './broker.module';
import { BrokerParts } from './broker-parts';
import { type BrokerObserver } from './http/osb.plugin';
import { PlatformAuthentication, type PlatformAuthenticationOptions } from './http/platform-authentication';
import { globalCatalogFindings } from './platform/global-catalog-check';
import { PlatformUsageReporter } from './platform/platform-usage-reporter';
import { ResourceControllerInstances } from './platform/resource-controller-instances';
import { ServiceOffer } from './service/service-offer';

export type BrokerSettings = Pick<
  ManagementApiConfig,
  | 'brokerAllowedCrns'
  | 'brokerBasicPassword'
  | 'brokerBasicUsername'
  | 'brokerDedicatedPlanId'
  | 'brokerReconcile'
  | 'brokerServiceId'
  | 'brokerSettleMs'
  | 'brokerStandardPlanId'
  | 'globalCatalogUrl'
  | 'iamIssuer'
  | 'iamUrl'
  | 'maximumInstancesPerAccount'
  | 'kmipEndpoints'
  | 'region'
  | 'resourceControllerUrl'
  | 'serviceName'
  | 'usageMeteringUrl'
> & {
  /** Undefined without SERVICE_API_KEY. */
  readonly identity: ServiceIdentity | undefined;
};

export interface BrokerLogger {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** What the application hears of the broker, for its log and its metrics. */
export interface BrokerWatch extends BrokerObserver {
  /** A comparison with the platform has come to its end. */
  reconciled(report: ReconciliationReport): void;
}

export interface Broker {
  readonly options: BrokerOptions;
  /** Compares the catalog, where configured, and logs what differs. Never rejects, and nothing waits for it. */
  checkCatalog(): Promise<void>;
}

/** A variable that another one needs is missing. */
export class BrokerMisconfigured extends DomainError {
  readonly code = 'broker_misconfigured';
}

const RECONCILE_INTERVAL_MS = 21_600_000;
const RECONCILE_LEASE_MS = 3_600_000;

type UsedRegion = Pick<Region, 'clock' | 'dataSource' | 'endpoints' | 'leases'>;

/**
 * Builds the broker over a region, from configuration.
 * @throws BrokerMisconfigured
 */
export function composeBroker(
  settings: BrokerSettings,
  region: UsedRegion,
  publicUrl: string,
  logger: BrokerLogger,
  watch: BrokerWatch,
): Broker {
  const { clock, dataSource, leases } = region;
  const unitOfWork = new PostgresCatalogUnitOfWork(dataSource);
  const directory = new PostgresCatalogDirectory(dataSource);
  const log = (message: string, error?: unknown): void => logger.warn({ err: error }, message);
  const identity = identityOf(settings);
  const offer = offerOf(settings, publicUrl);
  const usageReporter = reporterOf(settings, identity);
  const parts = new BrokerParts({
    unitOfWork,
    directory,
    leases,
    clock,
    log,
    settleMs: settings.brokerSettleMs,
    maximumInstancesPerAccount: settings.maximumInstancesPerAccount,
    ...(usageReporter && { usageReporter }),
  });
  const regions = [settings.region];
  const duties: LeasedWorker[] = [];
  if (settings.brokerReconcile && identity) {
    const platform = new ResourceControllerInstances(settings.resourceControllerUrl, identity);
    const reconciler = new PlatformReconciler(unitOfWork, directory, platform, clock);
    duties.push(reconciliation(reconciler, region, logger, watch));
  }
  return {
    options: {
      parts,
      offer,
      authentication: new PlatformAuthentication(authenticationOf(settings, clock)),
      observer: watch,
      regions,
      endpoints: settings.kmipEndpoints,
      keyManagers: region.endpoints,
      publicUrl,
      duties,
    },
    checkCatalog: () => checkCatalog(settings, identity, offer, logger),
  };
}

function offerOf(settings: BrokerSettings, publicUrl: string): ServiceOffer {
  return new ServiceOffer({
    serviceName: settings.serviceName,
    serviceId: settings.brokerServiceId,
    standardPlanId: settings.brokerStandardPlanId,
    dedicatedPlanId: settings.brokerDedicatedPlanId,
    documentationUrl: `${publicUrl}/v1/docs`,
  });
}

function identityOf(settings: BrokerSettings): ServiceIdentity | undefined {
  const { identity, usageMeteringUrl, globalCatalogUrl, brokerReconcile } = settings;
  if (identity !== undefined) return identity;
  if (usageMeteringUrl === undefined && globalCatalogUrl === undefined && !brokerReconcile) return undefined;
  throw new BrokerMisconfigured('USAGE_METERING_URL, GLOBAL_CATALOG_URL and BROKER_RECONCILE need SERVICE_API_KEY');
}

function reporterOf(
  { usageMeteringUrl }: BrokerSettings,
  identity: ServiceIdentity | undefined,
): UsageReporter | undefined {
  if (usageMeteringUrl === undefined || identity === undefined) return undefined;
  return new PlatformUsageReporter(usageMeteringUrl, identity);
}

function authenticationOf(settings: BrokerSettings, clock: Clock): PlatformAuthenticationOptions {
  const { iamUrl, iamIssuer = `${iamUrl}/identity`, brokerAllowedCrns = [] } = settings;
  const { brokerBasicUsername: username, brokerBasicPassword: password } = settings;
  if ((username === undefined) !== (password === undefined)) {
    throw new BrokerMisconfigured('BROKER_USERNAME and BROKER_PASSWORD are set together or not at all');
  }
  return {
    keys: new IamKeySet(keysFrom(`${iamUrl}/identity/keys`), clock),
    issuer: iamIssuer,
    allowedCrns: brokerAllowedCrns,
    ...(username !== undefined && password !== undefined && { basic: { username, password } }),
    clock,
  };
}

function reconciliation(
  reconciler: PlatformReconciler,
  { leases }: UsedRegion,
  logger: BrokerLogger,
  watch: BrokerWatch,
): LeasedWorker {
  return new LeasedWorker({
    name: 'platform-reconciliation',
    owner: randomUUID(),
    leases,
    intervalMs: RECONCILE_INTERVAL_MS,
    leaseMs: RECONCILE_LEASE_MS,
    log: (message, error) => logger.warn({ err: error }, message),
    work: async () => {
      const report = await reconciler.reconcile();
      watch.reconciled(report);
      const odd = report.blind || report.orphans.length > 0 || report.shouldBeDisabled.length > 0;
      if (odd) logger.warn({ ...report }, 'instances differ from those of the platform');
      else logger.info({ ...report }, 'instances agree with those of the platform');
    },
  });
}

async function checkCatalog(
  { globalCatalogUrl, brokerAllowedCrns: brokerCrns = [], region }: BrokerSettings,
  identity: ServiceIdentity | undefined,
  offer: ServiceOffer,
  logger: BrokerLogger,
): Promise<void> {
  if (globalCatalogUrl === undefined || identity === undefined) return;
  try {
    const options = { serviceUrl: globalCatalogUrl, identity, offer, regions: [region], brokerCrns };
    const findings = await globalCatalogFindings(options);
    for (const finding of findings) logger.warn({}, `offer and global catalog differ: ${finding}`);
    if (findings.length === 0) logger.info({}, 'offer and global catalog agree');
  } catch (error) {
    logger.warn({ err: error }, 'the offer could not be compared with the global catalog');
  }
}
