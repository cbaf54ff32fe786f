import { type DynamicModule, type InjectionToken, Module, type Provider } from '@nestjs/common';

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
import { type InstanceDirectory } from '../http/admission';
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
import {
  AUDIT_HEADS,
  AUDIT_TRAIL,
  AUTHORIZER,
  CERTIFICATE_ISSUER,
  CLIENT_SIGHTINGS,
  CLOCK,
  CONNECTION_ATTEMPTS,
  DAILY_USAGES,
  ENDPOINTS,
  INSTANCE_DIRECTORY,
  KEY_ACCESS,
  PROOF_POLICY,
  PUBLIC_URL,
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

@Module({})
export class TenantApiModule {
  static with(parts: TenantApiParts): DynamicModule {
    const value = (provide: InjectionToken, useValue: unknown): Provider => ({ provide, useValue });
    return {
      module: TenantApiModule,
      controllers: TENANT_API_CONTROLLERS,
      providers: [
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
        ClientCertificatePresenter,
        ClientTraces,
        InstanceOverview,
      ],
    };
  }
}
