export * from './access-roles';
export { type ActionContext, successEvent } from './action-context';
export * from './activation';
export * from './api-key-ring';
export { type CredentialRisk } from './credential-change';
export { readApiKey } from './api-key';
export * from './certificate-claim';
export { insertWithinQuota } from './certificate-quota';
export * from './client-certificate';
export {
  ClientCertificateService,
  type ClientCertificateServiceOptions,
  type NewClientCertificate,
  toClientCertificate,
} from './client-certificate.service';
export {
  ClientDirectory,
  type ClientDirectoryOptions,
  MAXIMUM_DIRECTORY_AGE_MS,
  type Removal,
} from './allow-list/client-directory';
export { listingsOf } from './allow-list/listings';
export { lossOfCertificate, requireConfirmation, SEEN_LATELY_DAYS } from './confirmation';
export { CredentialSealer, type Sealed, type SealedRow, type ServiceKeyring } from './credential-sealer';
export { instanceIdOf, parseInstanceCrn } from './crn';
export { EndpointPolicy, type KeyManagerProfiles } from './endpoint-policy';
export { lockedInstance, missingInstance } from './guards';
export * from './instance';
export { madeState } from './instance-progress';
export { insertInstanceWithinQuota } from './instance-quota';
export { InstanceService, type NewInstance } from './instance.service';
export { KeyMoveService, type MoveChange } from './key-move.service';
export { type KeyMoves, type MoveHindrance, type MoveTurn } from './key-moves';
export { keyMoveStateOf, MOVE_STATES, type MoveState, movesTogether } from './move-state';
export { type MoveStatus } from './move-status';
export { checkedName } from './names';
export { omit } from './omit';
export * from './ports';
export * from './proof/birthplace';
export * from './proof/certificate-births';
export { CertificateProofService, type CertificateProofServiceOptions } from './proof/certificate-proof.service';
export * from './proof/kmip-credential';
export { type IssuedKmipCredential, KmipCredentialService } from './proof/kmip-credential.service';
export { registrantsOf } from './proof/registrants';
export * from './proof/registration';
export * from './root-key-binding';
export * from './root-key-health';
export {
  type DueBinding,
  type KeyedBinding,
  RootKeyHealthService,
  type TestNote,
  type WatchedRootKey,
  type WatchedRootKeys,
} from './root-key-health.service';
export {
  type LeftRootKey,
  type NewRootKeyBinding,
  type QuietSince,
  type RootKeyAccess,
  RootKeyBindingService,
} from './root-key-binding.service';
export * from './tenancy.error';
export * from './webhook';
