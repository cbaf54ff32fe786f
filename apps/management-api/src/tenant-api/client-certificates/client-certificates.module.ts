import { Module } from '@nestjs/common';

import { type ManagementApiConfig } from '@lib/config';
import { type Clock } from '@lib/kernel';
import { PostgresActivationLog, PostgresConnectionAttempts, PostgresRegionDirectory } from '@lib/persistence';
import { CLOCK, onDatabase, PROOF_POLICY, readProofPolicy } from '@lib/platform';

import { MANAGEMENT_CONFIG } from '../../management-config.module';
import { KmipCredentialsController } from '../kmip-credentials/kmip-credentials.controller';
import { CertificateIssuer } from './certificate-issuer';
import { ClientCertificatePresenter } from './client-certificate.presenter';
import { ClientCertificatesController } from './client-certificates.controller';
import { ClientKeyPairsController } from './client-key-pairs.controller';
import { ClientTraces } from './client-traces';
import { EndpointConfirmations } from './endpoint-confirmations';
import { HandOverController } from './hand-over.controller';

const certificateIssuer = {
  provide: CertificateIssuer,
  inject: [MANAGEMENT_CONFIG, CLOCK],
  useFactory: ({ region, clientCaFolder }: ManagementApiConfig, clock: Clock) =>
    CertificateIssuer.open(`KMIP for VMware clients ${region}`, clock, clientCaFolder),
};

const endpointConfirmations = {
  provide: EndpointConfirmations,
  inject: [PostgresActivationLog, CLOCK],
  useFactory: (log: PostgresActivationLog, clock: Clock) =>
    new EndpointConfirmations({ log, monotonicMs: () => clock.monotonicMs() }),
};

const proofPolicy = {
  provide: PROOF_POLICY,
  inject: [MANAGEMENT_CONFIG, PostgresRegionDirectory],
  useFactory: (config: ManagementApiConfig, directory: PostgresRegionDirectory) => readProofPolicy(config, directory),
};

/** Who may connect as an instance: certificates and passwords of its clients. */
@Module({
  controllers: [ClientCertificatesController, ClientKeyPairsController, HandOverController, KmipCredentialsController],
  providers: [
    certificateIssuer,
    endpointConfirmations,
    proofPolicy,
    onDatabase(PostgresActivationLog),
    onDatabase(PostgresConnectionAttempts),
    ClientCertificatePresenter,
    ClientTraces,
  ],
})
export class ClientCertificatesModule {}
