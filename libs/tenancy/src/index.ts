export * from './access-roles';
export { type ActionContext } from './action-context';
export * from './activation';
export { readApiKey } from './api-key';
export * from './client-certificate';
export {
  ClientCertificateService,
  type ClientCertificateServiceOptions,
  type NewClientCertificate,
} from './client-certificate.service';
export {
  ClientDirectory,
  type ClientDirectoryOptions,
  MAXIMUM_DIRECTORY_AGE_MS,
  type Removal,
} from './client-directory';
export { lossOfCertificate, requireConfirmation } from './confirmation';
export { CredentialSealer, type Sealed, type SealedRow, type ServiceKeyring } from './credential-sealer';
export { type InstanceCrn, instanceIdOf, parseInstanceCrn } from './crn';
export { EndpointPolicy, type EndpointTemplates, ibmCloudEndpoints } from './endpoint-policy';
export * from './instance';
export { type InstancePage, InstanceService, type NewInstance } from './instance.service';
export * from './ports';
export * from './proof/birthplace';
export * from './proof/certificate-births';
export { CertificateProofService, type CertificateProofServiceOptions } from './proof/certificate-proof.service';
export { type IssuedKmipCredential, KmipCredentialService } from './proof/kmip-credential.service';
export * from './proof/kmip-credential';
export { registrantsOf } from './proof/registrants';
export * from './proof/registration';
export * from './root-key-binding';
export {
  type NewRootKeyBinding,
  type QuietSince,
  type RootKeyAccess,
  RootKeyBindingService,
} from './root-key-binding.service';
export * from './tenancy.error';
export { CertificateClaimService } from './certificate-claim.service';
export { ConnectionJournal, type ConnectionJournalOptions } from './connection-journal';
export * from './diagnosis';
export { LeasedWorker, type LeasedWorkerOptions } from './leased-worker';
export * from './metering/metering-record';
export { UsageRecorder } from './metering/usage-recorder';
export { UsageSender } from './metering/usage-sender';
export * from './metering/usage.ports';
export * from './provisioning/catalog-instance';
export { CatalogRetention } from './provisioning/catalog-retention';
export { CATALOG_FAULTS, CatalogError, type CatalogFault } from './provisioning/catalog.error';
export {
  DeprovisioningService,
  type Removal as InstanceRemoval,
  type RemovalOutcome,
} from './provisioning/deprovisioning.service';
export { canonicalJson, fingerprintOf } from './provisioning/fingerprint';
export { type OrderedInstance, readInstanceCrn, requireInstanceCrn } from './provisioning/instance-identity';
export { type Enablement, type EnablementChange, InstanceStateService } from './provisioning/instance-state.service';
export { type ChangeOutcome, type InstanceChange, InstanceUpdateService } from './provisioning/instance-update.service';
export { STORED_KEY_PREFIX } from './provisioning/keys-left-behind';
export { OperationRunner, type OperationRunnerOptions } from './provisioning/operation-runner';
export { type OperationStepOptions, OperationSteps } from './provisioning/operation-steps';
export { OperationWorker } from './provisioning/operation-worker';
export * from './provisioning/platform-reconciler';
export * from './provisioning/provisioning.ports';
export { type Order, type OrderOutcome, ProvisioningService } from './provisioning/provisioning.service';
export { type ProposedRootKey, RootKeyProposals } from './provisioning/root-key-proposals';
export { type BindingOrder, ServiceBindingService } from './provisioning/service-binding.service';
