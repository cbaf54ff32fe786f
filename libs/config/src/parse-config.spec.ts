import { rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';

import { Secret } from '@lib/kernel';

import {
  ConfigError,
  gatewayConfig,
  launcherConfig,
  localCloudConfig,
  managementApiConfig,
  parseConfig,
} from './index';

const gatewayEnvironment = {
  REGION: 'eu-de',
  KMIP_TLS_FOLDER: '/data/tls',
  DATABASE_URL: 'postgres://kmip:hunter2-password@db:5432/kmip',
  SERVICE_KEY_FILE: '/run/secrets/service-key',
};

function faultsOf(act: () => unknown): ConfigError {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

describe('parseConfig', () => {
  it('fills in defaults, converts and freezes', () => {
    const config = parseConfig(gatewayConfig, { ...gatewayEnvironment, KMIP_PORT: '0', KMIP_LEGACY_CIPHERS: 'off' });

    expect(config).toMatchObject({
      region: 'eu-de',
      kmipPort: 0,
      kmipLegacyCiphers: false,
      kmipServerNames: ['localhost', '127.0.0.1'],
      kmipHandshakeTimeoutMs: 10_000,
      kmipProxyProtocolFrom: undefined,
      iamUrl: 'https://iam.cloud.ibm.com',
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('takes one worker, so many, or one for each core', () => {
    const workers = (text: string): number =>
      parseConfig(gatewayConfig, { ...gatewayEnvironment, KMIP_WORKERS: text }).kmipWorkers;
    expect([workers(''), workers('3')]).toEqual([1, 3]);
    expect(workers('cores')).toBe(Math.min(64, availableParallelism()));
    for (const wrong of ['0', '65', 'all', '2.5']) expect(() => workers(wrong)).toThrow('KMIP_WORKERS');
  });

  it.each(['"eu-de"', "'eu-de'", ' eu-de\r', '\ufeffeu-de'])('takes %j as it was meant', (text) => {
    expect(parseConfig(gatewayConfig, { ...gatewayEnvironment, REGION: text }).region).toBe('eu-de');
  });

  it('names every fault at once and prints no value', () => {
    const error = faultsOf(() =>
      parseConfig(gatewayConfig, {
        KMIP_PORT: '99999',
        DATABASE_URL: 'mysql://kmip:hunter2-password@db/kmip',
        LOG_LEVEL: 'loud',
        REGION: ' ',
        KMIP_TLS_FOLDER: '/data/tls',
      }),
    );

    expect(error.code).toBe('configuration_invalid');
    expect(error.faults.map(({ variable, problem }) => [variable, problem])).toEqual([
      ['LOG_LEVEL', 'invalid'],
      ['REGION', 'missing'],
      ['KMIP_PORT', 'invalid'],
      ['DATABASE_URL', 'invalid'],
      ['SERVICE_KEY_FILE', 'missing'],
    ]);
    expect(error.message).toContain('KMIP_PORT is not valid; it must be a port from 1 to 65535');
    for (const value of ['99999', 'hunter2', 'loud']) expect(inspect(error, { depth: 9 })).not.toContain(value);
  });

  it('keeps the connection string in a Secret', () => {
    const { databaseUrl } = parseConfig(gatewayConfig, gatewayEnvironment);
    expect(databaseUrl).toBeInstanceOf(Secret);
    expect(JSON.stringify(databaseUrl)).not.toContain('hunter2');
    expect(databaseUrl.exposeText()).toBe(gatewayEnvironment.DATABASE_URL);
  });

  it('counts an empty variable as unset', () => {
    expect(parseConfig(launcherConfig, { DATABASE_URL: '', KMIP_PORT_1: '' })).toMatchObject({
      databaseUrl: undefined,
      kmipPort1: 5696,
    });
  });

  it('starts launcher and local cloud from an empty environment', () => {
    expect(() => parseConfig(launcherConfig, {})).not.toThrow();
    expect(() => parseConfig(localCloudConfig, {})).not.toThrow();
  });

  it('reads endpoints to show to tenants', () => {
    const { kmipEndpoints } = parseConfig(managementApiConfig, {
      ...gatewayEnvironment,
      KMIP_ENDPOINTS: 'kmip-1.example.com:5696, [2001:db8::1]:5697',
    });
    expect(kmipEndpoints).toEqual([
      { host: 'kmip-1.example.com', port: 5696 },
      { host: '2001:db8::1', port: 5697 },
    ]);
  });

  it('keeps forms of key-manager addresses in their order', () => {
    const text = 'http://127.0.0.1:7070/kms/{region},https://{instance}.api.{region}.kms.appdomain.cloud';
    const config = parseConfig(gatewayConfig, { ...gatewayEnvironment, KEY_PROTECT_ENDPOINTS: text });
    expect(config.keyProtectEndpoints).toEqual(text.split(','));
    expect(config.hpcsEndpoints).toBeUndefined();
  });

  it.each([
    ['KMIP_PORT', ['', '65536', '-1', '1e3', '0x10', '80 80']],
    ['KMIP_LEGACY_CIPHERS', ['true', 'ON', '1']],
    ['KMIP_HOST', ['a b', 'http://x', '-x']],
    ['KMIP_PROXY_PROTOCOL_FROM', ['10.0.0.1,,10.0.0.2', 'a/b', 'balancer.example']],
    ['IAM_URL', ['iam', 'ftp://iam', 'https://user@iam', 'https://iam?x=1', 'file:///etc/passwd']],
    [
      'KEY_PROTECT_ENDPOINTS',
      [
        'https://kms',
        'https://{region}.a,https://b',
        'ftp://{region}.kms',
        'https://user:{region}@kms',
        'https://{region}.kms?x=1',
        'https://{zone}.kms',
      ],
    ],
    ['REGION', ['us south', 'US-SOUTH', 'us-south.evil.example']],
    ['KMIP_IDLE_TIMEOUT_MS', ['10', '10s']],
  ])('refuses bad values of %s', (variable, values) => {
    for (const value of values.filter((text) => text !== '')) {
      const error = faultsOf(() => parseConfig(gatewayConfig, { ...gatewayEnvironment, [variable]: value }));
      expect(error.faults).toMatchObject([{ variable, problem: 'invalid' }]);
    }
  });

  it.each(['0.0.0.0/0', '::/0', '10.0.0.1, 0.0.0.0/00', 'everybody', 'true'])(
    'lets nobody believe every client on its own address: %s',
    (value) => {
      const environment = { ...gatewayEnvironment, MANAGEMENT_TRUSTED_PROXIES: value };
      const { faults } = faultsOf(() => parseConfig(managementApiConfig, environment));
      expect(faults).toMatchObject([{ variable: 'MANAGEMENT_TRUSTED_PROXIES', problem: 'invalid' }]);
    },
  );

  describe('a secret in a file', () => {
    const file = join(tmpdir(), `kmip-secret-${process.pid}`);
    const { DATABASE_URL: url, ...others } = gatewayEnvironment;

    afterEach(() => rmSync(file, { force: true }));

    it('is read from it, without the line end that editors leave', () => {
      writeFileSync(file, `${url}\n`);
      const { databaseUrl } = parseConfig(gatewayConfig, { ...others, DATABASE_URL_FILE: file });
      expect(databaseUrl.exposeText()).toBe(url);
    });

    it.each<[string, string, Record<string, string>]>([
      ['twice is refused', 'given twice', { DATABASE_URL: url, DATABASE_URL_FILE: file }],
      ['that is not there is named by its variable', 'unreadable', { DATABASE_URL_FILE: `${file}.not` }],
      ['that is empty is missing', 'missing', { DATABASE_URL_FILE: file }],
    ])('%s', (_name, problem, more) => {
      writeFileSync(file, '');
      const error = faultsOf(() => parseConfig(gatewayConfig, { ...others, ...more }));
      expect(error.faults).toMatchObject([{ variable: 'DATABASE_URL', problem }]);
      expect(error.message).toContain('DATABASE_URL');
    });

    it('is for secrets alone: another variable is not read from anywhere', () => {
      const environment = { ...gatewayEnvironment, REGION: '', REGION_FILE: __filename };
      const error = faultsOf(() => parseConfig(gatewayConfig, environment));
      expect(error.faults).toMatchObject([{ variable: 'REGION', problem: 'missing' }]);
    });
  });

  it.each([
    'postgres://u:p@db/kmip?sslmode=no-verify',
    'postgres://u:p@db/kmip?sslmode=prefer',
    'postgres://u:p@db/kmip?sslmode=allow',
    'postgres://u:p@db/kmip?sslmode=VERIFY-FULL',
    'postgres://u:p@db/kmip?ssl=true',
    'postgres://u:p@db/kmip?sslmode=require&uselibpqcompat=true',
  ])('takes no connection to a database that may be anybody: %s', (url) => {
    const { faults } = faultsOf(() => parseConfig(gatewayConfig, { ...gatewayEnvironment, DATABASE_URL: url }));
    expect(faults).toMatchObject([{ variable: 'DATABASE_URL', problem: 'invalid' }]);
  });
});
