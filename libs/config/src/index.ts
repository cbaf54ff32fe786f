export {
  type AuditKeyEntry,
  AuditKeyFileError,
  ensureAuditKeyFile,
  readAuditKeyFile,
  rotateAuditKey,
} from './audit-key-file';
export * from './config.error';
export { configurationDocument, type ConfigRow, describeConfig } from './configuration-document';
export { type HostAndPort } from './host-and-port';
export * from './parse-config';
export { keyManagerEndpoints, migrationSettings } from './processes/common-settings';
export { type GatewayConfig, gatewayConfig } from './processes/gateway.config';
export { type LauncherConfig, launcherConfig } from './processes/launcher.config';
export { type LocalCloudConfig, localCloudConfig } from './processes/local-cloud.config';
export { type LocalVcenterConfig, localVcenterConfig } from './processes/local-vcenter.config';
export { type ManagementApiConfig, managementApiConfig } from './processes/management-api.config';
export * from './service-key-file';
export {
  type ConfigOf,
  type ConfigSchema,
  defaulted,
  optional,
  required,
  type Setting,
  type SettingType,
} from './setting';
export { type LogLevelName } from './setting-types';
export { replaceWhole } from './whole-file';
