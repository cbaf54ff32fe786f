import { type components } from '../../../../libs/tenant-api-client/src/schema';

/** The types that are generated from docs/openapi/tenant-api.yaml, and nothing else of that library. */
export type { operations, paths } from '../../../../libs/tenant-api-client/src/schema';

export type Schemas = components['schemas'];
export type Instance = Schemas['Instance'];
export type Certificate = Schemas['InstanceClientCertificate'];
export type Attempt = Schemas['InstanceConnectionAttempt'];
export type Key = Schemas['InstanceKey'];
export type Fault = Schemas['Error'];
