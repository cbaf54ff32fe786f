import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  type ConfigSchema,
  describeConfig,
  gatewayConfig,
  managementApiConfig,
  parseConfig,
  readServiceKeyFile,
} from '@lib/config';
import { describeWithOpenssl } from '@lib/testing';

import { type ComposeService, readComposeFile } from '../support/compose-file';

const text = (file: string): string => readFileSync(join(process.cwd(), file), 'utf8');
const { source, compose } = readComposeFile();
const services = Object.entries(compose.services);
const volumesOf = ({ volumes = [] }: ComposeService): string[] => volumes.map((mount) => mount.split(':')[0] ?? '');
const service = (name: string): ComposeService => {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`no service ${name}`);
  return found;
};
/** A whole version, or a digest. */
const EXACT = /:\d+\.\d+(\.\d+)?(-[a-z0-9-]+)?(@sha256:[0-9a-f]{64})?$/;
const chosen = (image: string): string => /^\$\{[A-Z_]+:-(.+)\}$/.exec(image)?.[1] ?? image;
const SECRETS = [gatewayConfig, managementApiConfig]
  .flatMap((schema: ConfigSchema) => describeConfig(schema))
  .filter(({ secret }) => secret)
  .map(({ variable }) => variable);

describe('docker-compose.yml', () => {
  it.each(services)('%s can write nowhere beside its volumes, and gain nothing', (_name, of) => {
    expect(of).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    expect(of).toMatchObject({ ulimits: { core: 0 } });
    expect([of.cap_add, of.privileged]).toEqual([undefined, undefined]);
    expect(of.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  });

  it.each(services)('%s runs an exact version', (_name, { image }) => {
    expect(chosen(image)).toMatch(EXACT);
  });

  it('has no default password and no secret in the clear', () => {
    expect(source.match(/\$\{[A-Z_]*(PASSWORD|SECRET|KEY|TOKEN|URL)[A-Z_]*(:?-)[^}]*\}/g)).toBeNull();
    for (const [, { environment = {} }] of services) {
      expect(Object.keys(environment).filter((name) => SECRETS.includes(name))).toEqual([]);
      expect(Object.keys(environment)).not.toContain('POSTGRES_PASSWORD');
    }
  });

  it.each([
    ['kmip-1', gatewayConfig],
    ['kmip-2', gatewayConfig],
    ['management-api', managementApiConfig],
  ])('tells %s only what it reads, and all that it needs', (name, schema: ConfigSchema) => {
    const known = describeConfig(schema);
    const names = known.flatMap(({ variable, secret }) => (secret ? [variable, `${variable}_FILE`] : [variable]));
    const { environment = {} } = service(name);
    expect(Object.keys(environment).filter((variable) => !names.includes(variable))).toEqual([]);
    const given = (variable: string): boolean => variable in environment || `${variable}_FILE` in environment;
    expect(known.filter(({ required, variable }) => required && !given(variable))).toEqual([]);
  });

  it('mounts each secret as a file of ./secrets, only where it is read', () => {
    expect(Object.values(compose.secrets).every(({ file }) => file.startsWith('./secrets/'))).toBe(true);
    for (const [name, { secrets = [], environment = {}, command = [] }] of services) {
      const read = [...Object.values(environment), ...command].join('\n');
      // Named by the URL in a secret, not by a variable.
      const own = secrets.filter((secret) => secret !== 'postgres-ca');
      expect([name, own.filter((secret) => !read.includes(`/run/secrets/${secret}`))]).toEqual([name, []]);
    }
    expect(service('kmip-1').secrets).not.toContain('service-api-key');
  });

  it('gives each kind of process a login of its own, and the administrator and the owner to the migration alone', () => {
    const given = services.map(([name, { secrets = [] }]) => [
      name,
      secrets.filter((secret) => secret.endsWith('-database-url') || secret === 'postgres-password'),
    ]);
    expect(Object.fromEntries(given)).toEqual({
      postgres: ['postgres-password'],
      migrate: ['administrator-database-url', 'owner-database-url', 'gateway-database-url', 'api-database-url'],
      'kmip-1': ['gateway-database-url'],
      'kmip-2': ['gateway-database-url'],
      'management-api': ['api-database-url'],
    });
  });

  it('keeps each private key in a volume of its own, which only its user mounts', () => {
    const mounting = (volume: string): string[] =>
      services.filter(([, of]) => volumesOf(of).includes(volume)).map(([name]) => name);
    expect(mounting('kmip-tls')).toEqual(['kmip-1', 'kmip-2']);
    expect(mounting('client-ca')).toEqual(['management-api']);
    expect(mounting('postgres')).toEqual(['postgres']);
    expect(service('management-api').volumes).toContain('kmip-certificate:/data/kmip-certificate:ro');
    const gateways = ['kmip-1', 'kmip-2'].map((name) => service(name).environment ?? {});
    for (const { KMIP_TLS_FOLDER: keys } of gateways) expect(keys).toMatch(/^\/data\/kmip-tls\//);
    const copies = gateways.map(({ KMIP_CERTIFICATE_COPY: copy }) => copy);
    // Each of its own: they are renewed one after the other.
    expect(new Set(copies).size).toBe(2);
    expect(service('management-api').environment?.['KMIP_CERTIFICATE_FILES']).toBe(copies.join(','));
  });

  it('opens the KMIP ports alone to the network, and the database to nobody outside', () => {
    const open = services.filter(([, { ports = [] }]) => ports.some((port) => !port.startsWith('127.0.0.1:')));
    expect(open.map(([name]) => name)).toEqual(['kmip-1', 'kmip-2']);
    expect(service('postgres')).toMatchObject({ networks: ['database'] });
    expect(compose.networks['database']).toEqual({ internal: true });
  });
});

describe('Dockerfile', () => {
  const lines = text('Dockerfile').split('\n');
  const copied = lines.flatMap((line) =>
    (/^COPY (?!--from)(.+) \S+$/.exec(line)?.[1] ?? '').split(' ').filter(Boolean),
  );
  const let_ = text('.dockerignore').split('\n');

  it('starts from an exact version and ends as nobody', () => {
    expect(lines.filter((line) => line.startsWith('FROM'))).toEqual([
      'FROM ${NODE_IMAGE} AS build',
      'FROM ${NODE_IMAGE}',
    ]);
    expect(/^ARG NODE_IMAGE=(.+)$/m.exec(lines.join('\n'))?.[1]).toMatch(/:\d+\.\d+\.\d+-/);
    expect(lines.filter((line) => line.startsWith('USER')).at(-1)).toBe('USER 10001:10001');
    expect(lines.some((line) => line.startsWith('ADD '))).toBe(false);
  });

  it('copies by name what .dockerignore lets through by name, and nothing else is let through', () => {
    expect(let_.find((line) => line !== '' && !line.startsWith('#'))).toBe('*');
    const through = let_.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    // What is copied early, for the sake of a cached layer, is copied once more with its folder.
    const whole = copied.filter((path) => !copied.some((folder) => path.startsWith(`${folder}/`)));
    expect([...new Set(through)].toSorted()).toEqual(whole.toSorted());
    for (const path of copied) expect(existsSync(join(process.cwd(), path))).toBe(true);
    expect(copied).not.toContain('.');
  });
});

describe('.gitignore', () => {
  const isIgnored = (path: string): boolean =>
    spawnSync('git', ['check-ignore', '-q', '--no-index', path], { cwd: process.cwd() }).status === 0;

  it.each([
    'secrets/service-key',
    'secrets/postgres.key',
    '.env',
    '.env.production',
    '.data/service.env',
    'service-keys',
    'kmip.dump',
    'backup.sql',
    'support-bundle.json',
    'tls/server.key',
    'apps/kmip-gateway/src/server.key',
    'docs/client.p12',
    'test/e2e/ca.pem',
    'libs/secrets/x',
    'core.1234',
  ])('keeps %s out', (path) => {
    expect(isIgnored(path)).toBe(true);
  });

  it('hides nothing of the product', () => {
    const tracked = execFileSync('git', ['ls-files'], { encoding: 'utf8' }).trim().split('\n');
    const { stdout } = spawnSync('git', ['check-ignore', '--no-index', '--stdin'], {
      input: tracked.join('\n'),
      encoding: 'utf8',
    });
    expect(stdout).toBe('');
  });
});

describeWithOpenssl('scripts/make-secrets.sh', () => {
  let folder: string;
  const make = (): string =>
    execFileSync(join(process.cwd(), 'scripts/make-secrets.sh'), [folder], { encoding: 'utf8' });
  const secret = (name: string): string => readFileSync(join(folder, name), 'utf8');

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kmip-secrets-'));
    make();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('makes what docker-compose.yml mounts, for its owner alone, and keeps what is there', () => {
    const mounted = Object.values(compose.secrets).map(({ file }) => file.replace('./secrets/', ''));
    expect([...readdirSync(folder), 'service-api-key'].toSorted()).toEqual(mounted.toSorted());
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o400);
    const before = readdirSync(folder).map(secret);
    expect(make()).toContain('service-api-key');
    expect(readdirSync(folder).map(secret)).toEqual(before);
  });

  const databaseUrlOf = (login: string): URL => {
    const file = join(folder, `${login}-database-url`);
    const { databaseUrl } = parseConfig({ databaseUrl: gatewayConfig.databaseUrl }, { DATABASE_URL_FILE: file });
    return new URL(databaseUrl.exposeText());
  };

  it('makes what the processes take, each with a login and keys of its own', async () => {
    const { newest } = await readServiceKeyFile(join(folder, 'service-key'));
    expect(newest.version).toBe(1);
    const urls = ['administrator', 'owner', 'gateway', 'api'].map(databaseUrlOf);
    expect(urls.map(({ username }) => username)).toEqual([
      'kmip',
      'kmip_owner_login',
      'kmip_gateway_login',
      'kmip_api_login',
    ]);
    expect(urls[0]?.password).toBe(secret('postgres-password').trim());
    expect(new Set(urls.map(({ password }) => password)).size).toBe(4);
    for (const url of urls) {
      expect([url.hostname, url.password.length, url.searchParams.get('sslmode')]).toEqual([
        'postgres',
        64,
        'verify-full',
      ]);
    }
    execFileSync('openssl', [
      'verify',
      '-CAfile',
      join(folder, 'postgres-ca.crt'),
      '-verify_hostname',
      'postgres',
      join(folder, 'postgres.crt'),
    ]);
  });
});
