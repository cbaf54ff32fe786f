import { InitialSchema1764000000000 } from './1764000000000-initial-schema';
import { CatalogProvisioning1764100000000 } from './1764100000000-catalog-provisioning';
import { DiagnosisAndUsage1764200000000 } from './1764200000000-diagnosis-and-usage';
import { CustodyMoves1764300000000 } from './1764300000000-custody-moves';
import { GatewayAcknowledgements1764500000000 } from './1764500000000-gateway-acknowledgements';
import { AuditSearch1764600000000 } from './1764600000000-audit-search';
import { RoomForFetches1764700000000 } from './1764700000000-room-for-fetches';
import { CatalogRetention1764800000000 } from './1764800000000-catalog-retention';
import { NamesInOrder1765000000000 } from './1765000000000-names-in-order';
import { CertificateStandings1765100000000 } from './1765100000000-certificate-standings';
import { StrangersByFingerprint1765110000000 } from './1765110000000-strangers-by-fingerprint';
import { AccessAtCommit1765200000000 } from './1765200000000-access-at-commit';
import { RefusedCreations1765300000000 } from './1765300000000-refused-creations';
import { RestoreNotice1765300000001 } from './1765300000001-restore-notice';
import { ProvenKeys1765400000000 } from './1765400000000-proven-keys';
import { NamesFilled1765500000000 } from './1765500000000-names-filled';
import { EndpointVisibility1765500000001 } from './1765500000001-endpoint-visibility';
import { DisplacedBirths1765600000000 } from './1765600000000-displaced-births';
import { KeyNotes1765700000000 } from './1765700000000-key-notes';
import { KeyGeneration1765800000000 } from './1765800000000-key-generation';
import { RecoverableKeys1765800000001 } from './1765800000001-recoverable-keys';
import { LaterLooks1765900000000 } from './1765900000000-later-looks';
import { RemovedProofs1766000000000 } from './1766000000000-removed-proofs';
import { SeparateLogins1766100000000 } from './1766100000000-separate-logins';
import { PurgedKeys1766200000000 } from './1766200000000-purged-keys';
import { FormerStoredKeys1766210000000 } from './1766210000000-former-stored-keys';
import { SignedHeads1766400000000 } from './1766400000000-signed-heads';
import { WholeInstances1766500000000 } from './1766500000000-whole-instances';

/** In the order they run. Add at the end; what has been released is never edited. */
export const migrations = [
  InitialSchema1764000000000,
  CatalogProvisioning1764100000000,
  DiagnosisAndUsage1764200000000,
  CustodyMoves1764300000000,
  GatewayAcknowledgements1764500000000,
  AuditSearch1764600000000,
  RoomForFetches1764700000000,
  CatalogRetention1764800000000,
  NamesInOrder1765000000000,
  CertificateStandings1765100000000,
  StrangersByFingerprint1765110000000,
  AccessAtCommit1765200000000,
  RefusedCreations1765300000000,
  RestoreNotice1765300000001,
  ProvenKeys1765400000000,
  NamesFilled1765500000000,
  EndpointVisibility1765500000001,
  DisplacedBirths1765600000000,
  KeyNotes1765700000000,
  KeyGeneration1765800000000,
  RecoverableKeys1765800000001,
  LaterLooks1765900000000,
  RemovedProofs1766000000000,
  SeparateLogins1766100000000,
  PurgedKeys1766200000000,
  FormerStoredKeys1766210000000,
  SignedHeads1766400000000,
  WholeInstances1766500000000,
];
