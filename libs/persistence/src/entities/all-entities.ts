import { AuditChainHeadEntity, AuditEventEntity, AuditSignedHeadEntity } from './audit.entity';
import { CatalogBindingEntity, CatalogInstanceEntity, CatalogOperationEntity } from './catalog.entity';
import {
  CertificateStandingEntity,
  KmipCredentialEntity,
  RegionRequirementEntity,
} from './certificate-standing.entity';
import { ClientCertificateEntity } from './client-certificate.entity';
import { InvalidationVersionEntity, LeaseEntity } from './coordination.entity';
import { CreationIntentEntity } from './creation-intent.entity';
import { CustodyMoveEntity } from './custody-move.entity';
import { CredentialEntity } from './credential.entity';
import { CertificateClaimEntity, ConnectionAttemptEntity, UsageDayEntity } from './diagnosis.entity';
import { GatewayAcknowledgementEntity, GatewayProcessEntity } from './gateway-acknowledgements.entity';
import { InstanceEntity } from './instance.entity';
import { InstanceUsageEntity } from './instance-usage.entity';
import { KeyNoteEntity } from './key-note.entity';
import { FormerStoredKeyEntity } from './former-stored-key.entity';
import { LaterLookEntity } from './later-look.entity';
import { ManagedObjectEntity } from './managed-object.entity';
import { ManagedObjectAttributeEntity } from './managed-object-attribute.entity';
import { MeteringRecordEntity } from './metering-record.entity';
import { RegionProgressEntity, RestoredWithdrawalEntity, RestoreReleaseEntity } from './restore.entity';
import { RootKeyBindingEntity } from './root-key-binding.entity';

export const entities = [
  InstanceEntity,
  CredentialEntity,
  RootKeyBindingEntity,
  ClientCertificateEntity,
  CertificateStandingEntity,
  KmipCredentialEntity,
  RegionRequirementEntity,
  ManagedObjectEntity,
  ManagedObjectAttributeEntity,
  CreationIntentEntity,
  CustodyMoveEntity,
  KeyNoteEntity,
  FormerStoredKeyEntity,
  LaterLookEntity,
  InstanceUsageEntity,
  AuditEventEntity,
  AuditChainHeadEntity,
  AuditSignedHeadEntity,
  InvalidationVersionEntity,
  LeaseEntity,
  GatewayProcessEntity,
  GatewayAcknowledgementEntity,
  CertificateClaimEntity,
  UsageDayEntity,
  ConnectionAttemptEntity,
  CatalogInstanceEntity,
  CatalogOperationEntity,
  CatalogBindingEntity,
  MeteringRecordEntity,
  RegionProgressEntity,
  RestoreReleaseEntity,
  RestoredWithdrawalEntity,
];
