import {
  type ConfigOf,
  keyManagerEndpoints,
  managementApiConfig,
  migrationSettings,
  parseConfig,
  readEnvironment,
} from '@lib/config';

const {
  databaseUrl,
  databasePoolSize,
  serviceKeyFile,
  restoreRecordFolder,
  auditKeyFile,
  region,
  iamUrl,
  resourceControllerUrl,
  maximumInstancesPerAccount,
  clientCertificateProof,
  clientCertificateProofOlderFrom,
} = managementApiConfig;

/** The part of the management app's settings that the command line needs, and what `migrate` is told. */
export const adminConfig = {
  databaseUrl,
  databasePoolSize,
  serviceKeyFile,
  restoreRecordFolder,
  auditKeyFile,
  region,
  iamUrl,
  resourceControllerUrl,
  ...keyManagerEndpoints,
  maximumInstancesPerAccount,
  clientCertificateProof,
  clientCertificateProofOlderFrom,
  ...migrationSettings,
} as const;

export type AdminConfig = ConfigOf<typeof adminConfig>;

/** For commands that Nest makes. */
export const ADMIN_CONFIG = Symbol('ADMIN_CONFIG');

/** @throws DomainError that names every variable that is wrong */
export const readAdminConfig = (): AdminConfig => parseConfig(adminConfig, readEnvironment());
