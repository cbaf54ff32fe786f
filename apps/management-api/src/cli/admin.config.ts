import {
  type ConfigOf,
  type Environment,
  keyManagerEndpoints,
  managementApiConfig,
  migrationSettings,
  parseConfig,
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

/** The part of the management app's settings that commands of the region need. */
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
} as const;

export type AdminConfig = ConfigOf<typeof adminConfig>;

/** For commands that Nest makes. */
export const ADMIN_CONFIG = Symbol('ADMIN_CONFIG');

/** @throws DomainError that names every variable that is wrong */
export const readAdminConfig = (environment: Environment): AdminConfig => parseConfig(adminConfig, environment);

const migrationConfig = { databaseUrl, ...migrationSettings } as const;

/** For `migrate` and its like, which go before there is a region. @throws DomainError that names every variable that is wrong */
export const readMigrationConfig = (environment: Environment): ConfigOf<typeof migrationConfig> =>
  parseConfig(migrationConfig, environment);
