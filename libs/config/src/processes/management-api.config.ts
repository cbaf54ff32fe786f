import { type ConfigOf, defaulted, optional } from '../setting';
import { host, listOf, onOff, plainName, port, secretText, serviceUrl } from '../setting-types';
import { hostAndPort } from '../host-and-port';
import { cloudSettings, databaseSettings, healthSettings, loggingSettings, regionSetting } from './common-settings';

export const managementApiConfig = {
  ...loggingSettings,
  region: regionSetting,
  managementHost: defaulted('MANAGEMENT_HOST', host, '127.0.0.1', {
    meaning: 'Address the API listens on.',
    consequence: 'The API speaks plain HTTP: put a TLS proxy in front before opening it to a network.',
  }),
  managementPort: defaulted('MANAGEMENT_PORT', port, '8080', {
    meaning: 'Port of the tenant API and the service broker.',
    consequence: 'A port that is taken stops the start with a message.',
  }),
  managementPublicUrl: optional('MANAGEMENT_PUBLIC_URL', serviceUrl, {
    meaning: 'Address of the API as tenants see it.',
    consequence: 'Stands in links and dashboard addresses. Unset: the address it listens on.',
  }),
  kmipEndpoints: defaulted('KMIP_ENDPOINTS', listOf(hostAndPort, '`host:port` pairs'), '127.0.0.1:5696', {
    meaning: 'KMIP endpoints of the region as tenants type them into vCenter.',
    consequence: 'Shown to tenants; a wrong value sends them to a dead address.',
  }),
  serviceName: defaulted('SERVICE_NAME', plainName, 'kmip-for-vmware', {
    meaning: 'Name of the service in the IBM Cloud catalog.',
    consequence: 'Policies of tenants name it; it is part of every CRN. Do not change it later.',
  }),
  brokerBasicUsername: optional('BROKER_USERNAME', plainName, {
    meaning: 'User name of basic authentication at the service broker.',
    consequence: 'Only for tests and platforms without IAM; needs BROKER_PASSWORD. Unset: IAM tokens alone.',
  }),
  brokerBasicPassword: optional('BROKER_PASSWORD', secretText, {
    meaning: 'Password of basic authentication at the service broker.',
    consequence: 'Whoever has it can create and delete instances.',
  }),
  apiDocumentation: defaulted('API_DOCUMENTATION', onOff, 'off', {
    meaning: 'Whether the OpenAPI document is served.',
    consequence: 'Needs no authentication when on.',
  }),
  ...healthSettings,
  ...databaseSettings,
  ...cloudSettings,
} as const;

export type ManagementApiConfig = ConfigOf<typeof managementApiConfig>;
