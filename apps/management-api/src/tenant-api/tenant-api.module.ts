import { type DynamicModule, Global, type InjectionToken, Module, type Provider } from '@nestjs/common';

import { type AuditTrail } from '@lib/audit';
import { CertificateClaimService, type ConnectionAttempts } from '@lib/diagnosis';
import { type Clock } from '@lib/kernel';
import { KeyAdministration } from '@lib/kmip-engine';
import { type DailyUsages } from '@lib/metering';
import { RootKeyProposals } from '@lib/service-instances';
import {
  CertificateProofService,
  ClientCertificateService,
  InstanceService,
  KmipCredentialService,
  type ProofPolicy,
  type RegionDirectory,
  RootKeyBindingService,
} from '@lib/tenancy';

import { type Authorizer } from '../auth/authorizer.port';
import { TokenVerifier } from '../auth/token-verifier';
import { type InstanceDirectory } from '../http/admission';
import { ApiExplorerController } from '../http/api-explorer.controller';
import { type CallRecorder } from '../http/call-trail';
import { loadApiDocument } from '../http/openapi/document';
import { type RateLimiter } from '../http/rate-limiter';
import { type AnswerObserver } from '../http/tenant-space';
import { TenantSpaceModule } from '../http/tenant-space.module';
import { AuditController } from './audit/audit.controller';
import { AuditHeadsController, type SignedHeads } from './audit/audit-heads.controller';
import { type CertificateIssuer, type ClientSightings } from './client-certificates/certificate-issuer.port';
import { ClientCertificatePresenter } from './client-certificates/client-certificate.presenter';
import { ClientCertificatesController } from './client-certificates/client-certificates.controller';
import { ClientTraces } from './client-certificates/client-traces';
import { ClientKeyPairsController } from './client-certificates/client-key-pairs.controller';
import { EndpointActivation } from './client-certificates/endpoint-activation';
import { HandOverController } from './client-certificates/hand-over.controller';
import { CertificateClaimsController } from './diagnosis/certificate-claims.controller';
import { ConnectionAttemptsController } from './diagnosis/connection-attempts.controller';
import { InstanceOverview, NOT_HELD, type RestoreHold } from './instances/instance-overview';
import { InstancesController } from './instances/instances.controller';
import { type KmipEndpoints } from './instances/kmip-endpoint';
import { type KeyAccess } from './keys/key-access.port';
import { KeysController } from './keys/keys.controller';
import { KmipCredentialsController } from './kmip-credentials/kmip-credentials.controller';
import { CredentialController } from './root-key/credential.controller';
import { KeyManagersController } from './root-key/key-managers.controller';
import { RootKeyController } from './root-key/root-key.controller';
import { RootKeyWorkbench } from './root-key/root-key-workbench';
import { AUTHORIZER } from '../auth/tokens';
import {
  ADDRESS_LIMITER,
  ANSWER_OBSERVER,
  API_DOCUMENT,
  CALL_RECORDER,
  CALLER_LIMITER,
  INSTANCE_DIRECTORY,
  PUBLIC_URL,
} from '../http/tokens';
import {
  AUDIT_HEADS,
  AUDIT_TRAIL,
  CERTIFICATE_ISSUER,
  CLIENT_SIGHTINGS,
  CLOCK,
  CONNECTION_ATTEMPTS,
  DAILY_USAGES,
  ENDPOINTS,
  KEY_ACCESS,
  PROOF_POLICY,
  REGISTRANTS,
  RESTORE_HOLD,
} from './tokens';
import { UsageController } from './usage/usage.controller';

/** Everything the tenant API is made of; the composition root decides what stands behind it. */
export interface TenantApiParts {
  readonly clock: Clock;
  /** Base of all links, without a slash at the end. */
  readonly publicUrl: string;
  readonly authorizer: Authorizer;
  readonly instances: InstanceService;
  readonly certificates: ClientCertificateService;
  readonly claims: CertificateClaimService;
  readonly proofs: CertificateProofService;
  readonly proofPolicy: ProofPolicy;
  readonly registrants: Pick<RegionDirectory, 'registrants'>;
  readonly kmipCredentials: KmipCredentialService;
  readonly directory: InstanceDirectory;
  readonly rootKeys: RootKeyBindingService;
  readonly proposals: RootKeyProposals;
  readonly workbench: RootKeyWorkbench;
  readonly administration: KeyAdministration;
  readonly keys: KeyAccess;
  readonly trail: AuditTrail;
  readonly signedHeads: SignedHeads;
  readonly usages: DailyUsages;
  readonly attempts: ConnectionAttempts;
  readonly sightings: ClientSightings;
  readonly issuer: CertificateIssuer;
  readonly endpoints: KmipEndpoints;
  readonly activation: EndpointActivation;
  /** Absent: nobody watches whether the database was restored. */
  readonly restore?: RestoreHold;
}

export const TENANT_API_CONTROLLERS = [
  InstancesController,
  ClientCertificatesController,
  ClientKeyPairsController,
  HandOverController,
  KmipCredentialsController,
  RootKeyController,
  KeyManagersController,
  CredentialController,
  KeysController,
  AuditController,
  AuditHeadsController,
  UsageController,
  ConnectionAttemptsController,
  CertificateClaimsController,
];

/** What stands around the operations, and is no service of theirs. */
export interface TenantApiOptions {
  readonly verifier: Pick<TokenVerifier, 'verify'>;
  readonly recorder: CallRecorder;
  readonly observer: AnswerObserver;
  readonly addressLimiter: RateLimiter;
  readonly callerLimiter: RateLimiter;
  /** Serves `/v1/openapi.json` and `/v1/docs`, without a token. */
  readonly explorer: boolean;
}

@Global()
@Module({})
export class TenantApiModule {
  static with(parts: TenantApiParts, options: TenantApiOptions): DynamicModule {
    const providers = [...valuesOf(parts), ...surroundingsOf(options)];
    return {
      module: TenantApiModule,
      imports: [TenantSpaceModule],
      controllers: [...TENANT_API_CONTROLLERS, ...(options.explorer ? [ApiExplorerController] : [])],
      providers: [...providers, ClientCertificatePresenter, ClientTraces, InstanceOverview],
      exports: providers,
    };
  }
}

const value = (provide: InjectionToken, useValue: unknown): Provider => ({ provide, useValue });

const surroundingsOf = (options: TenantApiOptions): Provider[] => [
  value(API_DOCUMENT, loadApiDocument()),
  value(TokenVerifier, options.verifier),
  value(CALL_RECORDER, options.recorder),
  value(ANSWER_OBSERVER, options.observer),
  value(ADDRESS_LIMITER, options.addressLimiter),
  value(CALLER_LIMITER, options.callerLimiter),
];

const valuesOf = (parts: TenantApiParts): Provider[] => [
  value(CLOCK, parts.clock),
  value(PUBLIC_URL, parts.publicUrl),
  value(AUTHORIZER, parts.authorizer),
  value(InstanceService, parts.instances),
  value(ClientCertificateService, parts.certificates),
  value(CertificateClaimService, parts.claims),
  value(CertificateProofService, parts.proofs),
  value(PROOF_POLICY, parts.proofPolicy),
  value(REGISTRANTS, parts.registrants),
  value(KmipCredentialService, parts.kmipCredentials),
  value(INSTANCE_DIRECTORY, parts.directory),
  value(RootKeyBindingService, parts.rootKeys),
  value(RootKeyProposals, parts.proposals),
  value(RootKeyWorkbench, parts.workbench),
  value(KeyAdministration, parts.administration),
  value(KEY_ACCESS, parts.keys),
  value(AUDIT_TRAIL, parts.trail),
  value(AUDIT_HEADS, parts.signedHeads),
  value(DAILY_USAGES, parts.usages),
  value(CONNECTION_ATTEMPTS, parts.attempts),
  value(CLIENT_SIGHTINGS, parts.sightings),
  value(CERTIFICATE_ISSUER, parts.issuer),
  value(ENDPOINTS, parts.endpoints),
  value(EndpointActivation, parts.activation),
  value(RESTORE_HOLD, parts.restore ?? NOT_HELD),
];
