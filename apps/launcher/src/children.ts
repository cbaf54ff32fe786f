import { join } from 'node:path';

import { type LauncherConfig, readEnvironment } from '@lib/config';
import { type Secret } from '@lib/kernel';

import { type Provider } from './demo-tenant';
import { CATALOG_SERVICE_ID, CONSOLE_CLIENT_ID, SERVICE_NAME } from './local-cloud-seed';
import { type ChildSpecification } from './supervisor';

export const BROKER_USER = 'broker';

/** Compiled apps lie beside the compiled launcher. */
const script = (app: string): string => join(__dirname, '..', '..', app, 'src', 'main.js');

export type PortName =
  'kmip1' | 'kmip2' | 'management' | 'localCloud' | 'localVcenter' | 'health1' | 'health2' | 'health3';
export type Ports = Readonly<Record<PortName, number>>;

export interface Setting {
  readonly config: LauncherConfig;
  readonly dataFolder: string;
  readonly ports: Ports;
}

const logFile = ({ dataFolder }: Setting, name: string): string => join(dataFolder, 'logs', `${name}.log`);

export const localCloudUrl = ({ ports }: Setting): string => `http://127.0.0.1:${ports.localCloud}`;

/** As people reach it. */
export const managementUrl = ({ ports }: Setting): string =>
  readEnvironment()['MANAGEMENT_PUBLIC_URL']?.replace(/\/+$/, '') || `http://127.0.0.1:${ports.management}`;

/** Where the stand-in cloud serves key managers: a host of all Key Protect instances of a region, and hosts of one. */
export const localCloudHosts = (url: string) => ({
  keyProtectEndpoints: [`${url}/kms/{region}`, `${url}/kms-dedicated/{instance}`],
  hpcsEndpoints: [`${url}/hpcs/{instance}`],
});

/** What every process of the product is told; the administrator's command line reads the same from service.env. */
export function sharedEnvironment(setting: Setting): Readonly<Record<string, string>> {
  const { config, dataFolder } = setting;
  const cloud = localCloudUrl(setting);
  const { keyProtectEndpoints, hpcsEndpoints } = localCloudHosts(cloud);
  return {
    LOG_LEVEL: config.logLevel,
    REGION: config.region,
    SERVICE_KEY_FILE: join(dataFolder, 'service-keys'),
    IAM_URL: `${cloud}/iam`,
    RESOURCE_CONTROLLER_URL: `${cloud}/resource-controller`,
    KEY_PROTECT_ENDPOINTS: keyProtectEndpoints.join(','),
    HPCS_ENDPOINTS: hpcsEndpoints.join(','),
  };
}

/** Told to those alone that act for the operator: gateways sign no heads. */
export const auditKeys = ({ dataFolder }: Setting): Readonly<Record<'AUDIT_KEY_FILE', string>> => ({
  AUDIT_KEY_FILE: join(dataFolder, 'audit-keys'),
});

/** Whatever logins the launcher itself was given, in variables or in files, no process is told. */
const NO_DATABASE = Object.fromEntries(
  ['DATABASE_URL', 'GATEWAY_DATABASE_URL', 'API_DATABASE_URL'].flatMap((name) => [
    [name, ''],
    [`${name}_FILE`, ''],
  ]),
);

/** The one login that a process is told: its own. */
export const ownDatabase = (url: Secret): Readonly<Record<string, string>> => ({
  ...NO_DATABASE,
  DATABASE_URL: url.exposeText(),
});

export function localCloud(setting: Setting): ChildSpecification {
  return {
    name: 'local-cloud',
    script: script('local-cloud'),
    logFile: logFile(setting, 'local-cloud'),
    environment: {
      ...readEnvironment(),
      ...NO_DATABASE,
      LOG_LEVEL: setting.config.logLevel,
      LOCAL_CLOUD_HOST: '127.0.0.1',
      LOCAL_CLOUD_PORT: String(setting.ports.localCloud),
      LOCAL_CLOUD_DATA: join(setting.dataFolder, 'local-cloud'),
    },
  };
}

export const localVcenterFolder = ({ dataFolder }: Setting): string => join(dataFolder, 'local-vcenter');

/** It is told of the product what any vCenter knows: nothing. */
export function localVcenter(setting: Setting, password: string): ChildSpecification {
  return {
    name: 'local-vcenter',
    script: script('local-vcenter'),
    logFile: logFile(setting, 'local-vcenter'),
    environment: {
      ...readEnvironment(),
      ...NO_DATABASE,
      LOG_LEVEL: setting.config.logLevel,
      LOCAL_VCENTER_HOST: '127.0.0.1',
      LOCAL_VCENTER_PORT: String(setting.ports.localVcenter),
      LOCAL_VCENTER_DATA: localVcenterFolder(setting),
      LOCAL_VCENTER_PASSWORD: password,
    },
  };
}

/** What a gateway presents now, not what lies there for the next time it is told to read: they are renewed one by one. */
const presentedCertificate = ({ dataFolder }: Setting, number: 1 | 2): string =>
  join(dataFolder, `presented-${number}.crt`);

export function gateway(setting: Setting, shared: Readonly<Record<string, string>>, number: 1 | 2): ChildSpecification {
  const { config, dataFolder, ports } = setting;
  return {
    name: `kmip-gateway-${number}`,
    script: script('kmip-gateway'),
    logFile: logFile(setting, `kmip-gateway-${number}`),
    environment: {
      // Settings of the gateway that the launcher does not decide may be given to `npm start` as they are.
      ...readEnvironment(),
      ...shared,
      KMIP_ENDPOINT_NAME: `kmip-${number}`,
      KMIP_HOST: config.kmipHost,
      KMIP_PORT: String(number === 1 ? ports.kmip1 : ports.kmip2),
      KMIP_SERVER_NAMES: config.kmipServerNames.join(','),
      KMIP_TLS_FOLDER: join(dataFolder, 'tls'),
      KMIP_CERTIFICATE_COPY: presentedCertificate(setting, number),
      HEALTH_PORT: String(number === 1 ? ports.health1 : ports.health2),
    },
  };
}

export function managementApi(
  setting: Setting,
  shared: Readonly<Record<string, string>>,
  provider: Provider,
): ChildSpecification {
  const { config, ports } = setting;
  return {
    name: 'management-api',
    script: script('management-api'),
    logFile: logFile(setting, 'management-api'),
    environment: {
      ...readEnvironment(),
      ...shared,
      ...auditKeys(setting),
      MANAGEMENT_HOST: '127.0.0.1',
      MANAGEMENT_PORT: String(ports.management),
      KMIP_ENDPOINTS: [ports.kmip1, ports.kmip2].map((port) => `${config.kmipHost}:${port}`).join(','),
      KMIP_CERTIFICATE_FILES: ([1, 2] as const).map((number) => presentedCertificate(setting, number)).join(','),
      // Not there until somebody tries how a renewal is announced.
      KMIP_NEXT_CERTIFICATE_FILES: join(setting.dataFolder, 'next-server.crt'),
      CLIENT_CA_FOLDER: join(setting.dataFolder, 'client-ca'),
      SERVICE_NAME,
      SERVICE_API_KEY: provider.apiKey,
      BROKER_SERVICE_ID: CATALOG_SERVICE_ID,
      BROKER_ALLOWED_CRNS: provider.brokerCrn,
      BROKER_USERNAME: BROKER_USER,
      BROKER_PASSWORD: provider.brokerPassword,
      USAGE_METERING_URL: `${localCloudUrl(setting)}/metering`,
      // The stand-in signs in the name of the real issuer.
      IAM_ISSUER: 'https://iam.cloud.ibm.com/identity',
      API_DOCUMENTATION: 'on',
      ...(canSignIn(managementUrl(setting)) && {
        CONSOLE_CLIENT_ID,
        CONSOLE_CLIENT_SECRET: provider.consoleSecret,
        IAM_LOGOUT_URL: `${localCloudUrl(setting)}/iam/identity/logout`,
      }),
      HEALTH_PORT: String(ports.health3),
    },
  };
}

/** Browsers keep the session of a host that is encrypted, or is the machine itself. */
const canSignIn = (url: string): boolean => /^(https:|http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:|\/|$))/.test(url);
