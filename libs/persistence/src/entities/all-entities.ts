import { ServiceBindingEntity, ServiceInstanceEntity, InstanceOperationEntity } from './service-instance.entity';
import { CertificateClaimEntity } from './certificate-claim.entity';
import { ClientCertificateEntity } from './client-certificate.entity';
import { CredentialEntity } from './credential.entity';
import { FormerCredentialEntity } from './former-credential.entity';
import { InstanceEntity } from './instance.entity';
import { KmipCredentialEntity } from './kmip-credential.entity';
import { MeteringRecordEntity } from './metering-record.entity';
import { RootKeyBindingEntity } from './root-key-binding.entity';

/** The tables that are read and written as entities. All others are SQL only: docs/adr/0088. */
export const entities = [
  InstanceEntity,
  CredentialEntity,
  RootKeyBindingEntity,
  FormerCredentialEntity,
  ClientCertificateEntity,
  CertificateClaimEntity,
  KmipCredentialEntity,
  ServiceInstanceEntity,
  InstanceOperationEntity,
  ServiceBindingEntity,
  MeteringRecordEntity,
];
