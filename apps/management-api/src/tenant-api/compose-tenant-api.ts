import { randomUUID } from 'node:crypto';

import { type ManagementApiConfig } from '@lib/config';
import { CertificateClaimService } from '@lib/diagnosis';
import { type Clock, isUuid, toInstanceId } from '@lib/kernel';
import { Custodian, KeyAdministration } from '@lib/kmip-engine';
import {
  PostgresActivationLog,
  PostgresAuditTrail,
  PostgresCatalogUnitOfWork,
  PostgresConnectionAttempts,
  PostgresDailyUsages,
  PostgresKeyCatalog,
} from '@lib/persistence';
import {
  type DriverSettings,
  endpointGuard,
  endpointTemplates,
  keyManagerRegistry,
  readProofPolicy,
  type Region,
  TenantKeyManagers,
  type RestoreWatch,
} from '@lib/platform';
import { RootKeyProposals } from '@lib/service-instances';
import { TenancyError } from '@lib/tenancy';

import { type Authorizer } from '../auth/authorizer.port';
import { IamKeySet, keysFrom } from '../auth/iam-key-set';
import { LocalRoleMap } from '../auth/local-role-map';
import { PolicyDecisionPoint } from '../auth/policy-decision-point';
import { readRoleFile } from '../auth/role-file';
import { type ServiceIdentity } from '../auth/service-identity';
import { TokenVerifier } from '../auth/token-verifier';
import { type InstanceDirectory } from '../http/admission';
import { RateLimiter } from '../http/rate-limiter';
import { type AnswerObserver } from '../http/tenant-space';
import { type SignedHeads } from './audit/audit-heads.controller';
import { CallAudit } from './audit/call-audit';
import { RepeatedReads } from './audit/repeated-reads';
import { EndpointActivation } from './client-certificates/endpoint-activation';
import { GatewaySightings } from './client-certificates/gateway-sightings';
import { PkiCertificateIssuer } from './client-certificates/pki-certificate-issuer';
import { ConfiguredEndpoints } from './instances/configured-endpoints';
import { RegionKeyAccess } from './keys/region-key-access';
import { RootKeyWorkbench } from './root-key/root-key-workbench';
import { type TenantApiOptions, type TenantApiParts } from './tenant-api.module';

export type TenantApiSettings = Pick<
  ManagementApiConfig,
  | 'apiDocumentation'
  | 'clientCertificateProof'
  | 'clientCertificateProofOlderFrom'
  | 'clientCaFolder'
  | 'hpcsEndpoints'
  | 'iamIssuer'
  | 'iamUrl'
  | 'keyProtectEndpoints'
  | 'kmipCertificateFiles'
  | 'kmipEndpoints'
  | 'managementRequestsPerSecond'
  | 'region'
  | 'resourceControllerUrl'
  | 'roleFile'
  | 'serviceName'
> & {
  /** Undefined without SERVICE_API_KEY. */
  readonly identity: ServiceIdentity | undefined;
  readonly signedHeads: SignedHeads;
};

export interface TenantApiLogger {
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

export interface TenantApi {
  readonly parts: TenantApiParts;
  readonly options: TenantApiOptions;
  /** After the last answer: what was counted is written, connections to key managers end. */
  close(): Promise<void>;
}

const BURST_SECONDS = 10;
/** Of one address, whoever is behind it: a proxy of a whole company must fit in. */
const ADDRESS_FACTOR = 10;

type UsedRegion = Pick<
  Region,
  | 'bus'
  | 'certificates'
  | 'clock'
  | 'dataSource'
  | 'directory'
  | 'endpoints'
  | 'instances'
  | 'kmipCredentials'
  | 'objectStores'
  | 'proofs'
  | 'rootKeys'
  | 'unitOfWork'
> & { readonly restore?: Pick<RestoreWatch, 'destructionsWait' | 'heldSince'> };

/** Builds the tenant API over a region, from configuration. */
export async function composeTenantApi(
  settings: TenantApiSettings,
  region: UsedRegion,
  publicUrl: string,
  logger: TenantApiLogger,
  observer: AnswerObserver,
): Promise<TenantApi> {
  const { clock, dataSource, instances, rootKeys, unitOfWork } = region;
  const connection = connectionOf(settings);
  const keyManagers = new TenantKeyManagers(rootKeys, keyManagerRegistry(connection), region.bus);
  keyManagers.start();
  const authorizer = await authorizerOf(settings, clock, logger);
  const attempts = new PostgresConnectionAttempts(dataSource);
  const parts: TenantApiParts = {
    clock,
    publicUrl,
    authorizer,
    instances,
    certificates: region.certificates,
    claims: new CertificateClaimService(unitOfWork, clock, randomUUID),
    ...(await regionPartsOf(settings, region)),
    directory: directoryOf(region),
    rootKeys,
    proposals: new RootKeyProposals(new PostgresCatalogUnitOfWork(dataSource)),
    workbench: workbenchOf(settings, region, connection),
    administration: new KeyAdministration(new Custodian(logger), clock),
    keys: new RegionKeyAccess({ ...region, keyCatalogs: new PostgresKeyCatalog(dataSource), keyManagers }),
    trail: new PostgresAuditTrail(dataSource),
    signedHeads: settings.signedHeads,
    usages: new PostgresDailyUsages(dataSource),
    attempts,
    sightings: new GatewaySightings(attempts),
    issuer: await PkiCertificateIssuer.open(
      `KMIP for VMware clients ${settings.region}`,
      clock,
      settings.clientCaFolder,
    ),
    activation: new EndpointActivation({
      log: new PostgresActivationLog(dataSource),
      monotonicMs: () => clock.monotonicMs(),
    }),
    endpoints: endpointsOf(settings, clock, logger),
  };
  const reads = readsOf(region, logger);
  const options: TenantApiOptions = {
    ...admissionOf(settings, clock),
    recorder: new CallAudit(region.objectStores.auditSink, clock, reads),
    observer,
    explorer: settings.apiDocumentation,
  };
  reads.start();
  const close = async (): Promise<void> => {
    await reads.stop();
    await keyManagers.stop();
  };
  return { parts, options, close };
}

const connectionOf = (settings: TenantApiSettings): DriverSettings => ({
  iamUrl: settings.iamUrl,
  endpoints: endpointGuard(endpointTemplates(settings)),
});

function workbenchOf(
  { iamUrl, resourceControllerUrl }: TenantApiSettings,
  { rootKeys: bindings, endpoints, clock }: UsedRegion,
  connection: DriverSettings,
): RootKeyWorkbench {
  return new RootKeyWorkbench({
    bindings,
    endpoints,
    account: { iamUrl, resourceControllerUrl },
    connection,
    clock,
  });
}

function readsOf({ objectStores, clock }: UsedRegion, logger: TenantApiLogger): RepeatedReads {
  return new RepeatedReads({
    sink: objectStores.auditSink,
    clock,
    failed: (error) => logger.warn({ err: error }, 'repeated reads could not be counted in the audit trail yet'),
  });
}

async function regionPartsOf(
  settings: TenantApiSettings,
  { directory, kmipCredentials, proofs, restore }: UsedRegion,
): Promise<Pick<TenantApiParts, 'kmipCredentials' | 'proofPolicy' | 'proofs' | 'registrants' | 'restore'>> {
  const proofPolicy = await readProofPolicy(settings, directory);
  return { kmipCredentials, proofs, proofPolicy, registrants: directory, ...(restore && { restore }) };
}

async function authorizerOf(settings: TenantApiSettings, clock: Clock, logger: TenantApiLogger): Promise<Authorizer> {
  const { iamUrl, serviceName, identity, roleFile } = settings;
  if (identity !== undefined) return new PolicyDecisionPoint({ iamUrl, serviceName, identity }, clock);
  if (roleFile === undefined) {
    logger.warn({}, 'neither SERVICE_API_KEY nor ROLE_FILE is set: the tenant API permits nobody anything');
  }
  return new LocalRoleMap(roleFile === undefined ? [] : await readRoleFile(roleFile));
}

function admissionOf(
  { iamUrl, iamIssuer = `${iamUrl}/identity`, managementRequestsPerSecond: perSecond }: TenantApiSettings,
  clock: Clock,
): Pick<TenantApiOptions, 'verifier' | 'addressLimiter' | 'callerLimiter'> {
  const limiter = (factor: number): RateLimiter =>
    new RateLimiter({ perSecond: perSecond * factor, burst: perSecond * factor * BURST_SECONDS }, clock);
  return {
    verifier: new TokenVerifier(new IamKeySet(keysFrom(`${iamUrl}/identity/keys`), clock), iamIssuer, clock),
    addressLimiter: limiter(ADDRESS_FACTOR),
    callerLimiter: limiter(1),
  };
}

function endpointsOf(settings: TenantApiSettings, clock: Clock, logger: TenantApiLogger): ConfiguredEndpoints {
  return new ConfiguredEndpoints({
    addresses: settings.kmipEndpoints,
    certificateFiles: settings.kmipCertificateFiles ?? [],
    clock,
    log: (message, error) => logger.warn({ err: error }, message),
  });
}

function directoryOf({ instances }: UsedRegion): InstanceDirectory {
  return {
    find: async (id) => {
      if (!isUuid(id)) return undefined;
      try {
        const { id: instanceId, accountId, crn, enabled, state } = await instances.get(toInstanceId(id));
        return { instanceId, accountId, crn, writable: enabled && state !== 'removing' };
      } catch (error) {
        if (error instanceof TenancyError && error.code === 'instance_not_found') return undefined;
        throw error;
      }
    },
  };
}
