import { managementApiConfig } from '@lib/config';

const { databaseUrl, databasePoolSize, serviceKeyFile, region, keyProtectEndpoints, hpcsEndpoints } =
  managementApiConfig;

/** The part of the management app's settings that the command line needs; the same variables. */
export const adminConfig = {
  databaseUrl,
  databasePoolSize,
  serviceKeyFile,
  region,
  keyProtectEndpoints,
  hpcsEndpoints,
};
