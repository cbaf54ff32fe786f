export { type ActionContext } from './action-context';
export * from './client-certificate';
export {
  ClientCertificateService,
  type ClientCertificateServiceOptions,
  type NewClientCertificate,
} from './client-certificate.service';
export { admitted, ClientDirectory, type ClientDirectoryOptions, type Removal } from './client-directory';
export { CredentialSealer, type Sealed, type SealedRow, type ServiceKeyring } from './credential-sealer';
export { type InstanceCrn, instanceIdOf, parseInstanceCrn } from './crn';
export { EndpointPolicy, type EndpointTemplates, type EndpointVisibility, ibmCloudEndpoints } from './endpoint-policy';
export * from './instance';
export { type InstancePage, InstanceService, type NewInstance } from './instance.service';
export * from './ports';
export * from './root-key-binding';
export { type NewRootKeyBinding, type RootKeyAccess, RootKeyBindingService } from './root-key-binding.service';
export * from './tenancy.error';
export { CertificateClaimService } from './certificate-claim.service';
export { ConnectionJournal, type ConnectionJournalOptions } from './connection-journal';
export * from './diagnosis';
