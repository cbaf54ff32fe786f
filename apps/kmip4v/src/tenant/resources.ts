import { type components } from '@lib/tenant-api-client';

/** Resources of the tenant API, by the names of its contract. */
type Schemas = components['schemas'];

export type Instance = Schemas['Instance'];
export type Permission = Schemas['InstancePermission'];
export type InstanceEvent = Schemas['InstanceEvent'];
export type ClientCertificate = Schemas['InstanceClientCertificate'];
export type KmipCredential = Schemas['InstanceKmipCredential'];
export type RootKey = Schemas['InstanceRootKey'];
export type RootKeyCheck = Schemas['InstanceRootKeyCheck'];
export type FormerRootKey = Schemas['InstanceFormerRootKey'];
export type Key = Schemas['InstanceKey'];
export type ShredPlan = Schemas['InstanceShredPlan'];
export type ShredPlanKey = Schemas['InstanceShredPlanKey'];
export type Inventory = Schemas['InstanceInventory'];
export type ReclaimCandidate = Schemas['InstanceReclaimCandidate'];
export type QuarantinedKey = Schemas['InstanceQuarantinedKey'];
export type Webhook = Schemas['InstanceWebhook'];
export type AuditEvent = Schemas['InstanceAuditEvent'];
export type AuditHead = Schemas['InstanceAuditHead'];
export type UsageRecord = Schemas['InstanceUsageRecord'];
export type ConnectionAttempt = Schemas['InstanceConnectionAttempt'];
export type CertificateClaim = Schemas['InstanceCertificateClaim'];
export type KeyManager = Schemas['InstanceKeyManager'];
export type KeyManagerRootKey = Schemas['InstanceKeyManagerRootKey'];
