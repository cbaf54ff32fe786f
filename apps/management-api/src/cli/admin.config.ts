import { managementApiConfig, type ManagementApiConfig } from '@lib/config';

const {
  databaseUrl,
  databasePoolSize,
  serviceKeyFile,
  restoreRecordFolder,
  region,
  iamUrl,
  resourceControllerUrl,
  keyProtectEndpoints,
  hpcsEndpoints,
  clientCertificateProof,
  clientCertificateProofOlderFrom,
} = managementApiConfig;

/** The part of the management app's settings that the command line needs; the same variables. */
export const adminConfig = {
  databaseUrl,
  databasePoolSize,
  serviceKeyFile,
  restoreRecordFolder,
  region,
  iamUrl,
  resourceControllerUrl,
  keyProtectEndpoints,
  hpcsEndpoints,
  clientCertificateProof,
  clientCertificateProofOlderFrom,
};

export type AdminConfig = Pick<ManagementApiConfig, keyof typeof adminConfig>;
