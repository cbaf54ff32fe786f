import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { type ConfigSchema, describeConfig, gatewayConfig, managementApiConfig } from '@lib/config';
import { Secret } from '@lib/kernel';
import { vcenter } from '@lib/kmip-client';
import { recordedEvents } from '@lib/testing';

import { type Canary, CanarySearch, pemCanaries, textCanary } from './support/canaries';
import { openDatabase } from './support/database';
import { metricsText } from './support/health';
import { createKey, createNamed, fetchKey } from './support/keys';
import { RunningService } from './support/running-service';
import { type ApiAnswer, emptyInstance, newApiKey, TenantApi } from './support/tenant-api';

jest.setTimeout(240_000);

const CLI = join(process.cwd(), 'apps', 'kmip4v', 'bin', 'kmip4v.js');
const run = promisify(execFile);

const SECRET_VARIABLES = [gatewayConfig, managementApiConfig]
  .flatMap((schema: ConfigSchema) => describeConfig(schema))
  // The command itself needs the database.
  .filter(({ secret, variable }) => secret && variable !== 'DATABASE_URL')
  .map(({ variable }) => variable);

interface Bundle {
  readonly configuration: Readonly<Record<string, string>>;
  readonly instances: readonly { readonly state: string }[];
  readonly processes: readonly { readonly metrics: readonly string[] }[];
}

/** As an operator makes one, with more in his environment. */
async function bundle(service: RunningService, health: string, environment: Record<string, string>): Promise<string> {
  const env = { PATH: process.env['PATH'] ?? '', ...environment };
  const file = `--env-file=${join(service.dataFolder, 'service.env')}`;
  const { stdout } = await run(
    process.execPath,
    [file, CLI, 'admin', 'support', 'bundle', '--health', health, '--output=json'],
    { env },
  );
  return stdout;
}

interface Pair {
  readonly certificate: string;
  readonly private_key?: string;
  readonly archive?: string;
}

const inPlaces = (search: CanarySearch, places: Readonly<Record<string, Buffer | string>>): readonly string[] =>
  Object.entries(places).flatMap(([place, content]) => search.in(place, content));

describe('CanarySearch', () => {
  const secret = randomBytes(32);
  const search = new CanarySearch([{ name: 'key', bytes: secret }, textCanary('password', 'pass word+/"1234')]);
  const around = (shift: number): Buffer => Buffer.concat([randomBytes(shift), secret, randomBytes(5)]);

  it.each<[string, Buffer | string]>([
    ['raw', around(7)],
    ['hex', around(3).toString('hex')],
    ['hex', around(3).toString('hex').toUpperCase()],
    ['base64', around(0).toString('base64')],
    ['base64', around(1).toString('base64')],
    ['base64', around(2).toString('base64')],
    ['base64url', around(4).toString('base64url')],
    ['json', JSON.stringify(around(9).toJSON())],
  ])('finds a key as %s', (form, content) => {
    expect(search.in('here', content)).toContain(`key as ${form} in here`);
  });

  it('finds text as it is sent and stored', () => {
    expect(search.in('here', 'x=pass%20word%2B%2F%221234&')).toContain('password as url in here');
    expect(search.in('here', '{"p":"pass word+/\\"1234"}')).toContain('password as json in here');
    expect(search.in('here', randomBytes(4_096))).toEqual([]);
  });
});

describe('what the service must keep to itself', () => {
  let service: RunningService;
  let api: TenantApi;
  const canaries: Canary[] = [];
  /** May be stored, being what a tenant reads back; has no business anywhere else. */
  const certificates: Canary[] = [];
  /** Confidential too: in the catalog and the audit trail alone. */
  const names: Canary[] = [];
  /** What a tenant is told when something is wrong. */
  const refusals: string[] = [];
  /** What a tenant reads afterwards. */
  const answers: string[] = [];

  beforeAll(async () => {
    service = await RunningService.start({ environment: { LOG_LEVEL: 'trace' } });
    const token = await service.token('manager');
    canaries.push(textCanary('token', token));
    api = new TenantApi(service, token);
    await life();
  });

  afterAll(async () => {
    await service.remove();
  });

  function told(answer: ApiAnswer): void {
    if (answer.status < 400) throw new Error(`expected a refusal: ${answer.status}`);
    refusals.push(answer.text);
  }

  /** Everything that meets a secret, well and badly. */
  async function life(): Promise<void> {
    await keys();
    await pairs();
    await credentials();
    await badTokens();
    for (const path of ['', '/keys', '/client_certificates', '/audit_events?limit=100', '/audit_log', '/root_key']) {
      answers.push((await api.call('GET', path)).text);
    }
    const [, serviceKey = ''] =
      /^v1:(\S+)$/m.exec(await readFile(join(service.dataFolder, 'service-keys'), 'utf8')) ?? [];
    canaries.push({ name: 'service key', bytes: Buffer.from(serviceKey, 'base64') });
    const authority = await readFile(join(service.dataFolder, 'client-ca', 'ca.key'), 'utf8');
    canaries.push(...pemCanaries('key of the client CA', authority));
  }

  async function keys(): Promise<void> {
    const password = 'Vc-Password-4711-unlikely';
    canaries.push(textCanary('password of a KMIP client', password));
    const own = await api.ok<{ username: string; password: string }>('POST', '/kmip_credentials', {});
    canaries.push(textCanary('password that we issued', own.password));
    for (const endpoint of [0, 1]) {
      const client = await service.kmip(endpoint);
      const credential = { username: 'vcenter', password: Secret.fromText(password) };
      await client.send(vcenter.createKey(credential));
      await client.send(vcenter.createKey({ username: own.username, password: Secret.fromText(own.password) }));
      const id = await createKey(client);
      const key = await fetchKey(client, id);
      if (!('hex' in key)) throw new Error(key.message);
      canaries.push({ name: 'key', bytes: Buffer.from(key.hex, 'hex') });
      canaries.push(textCanary('wrapped key', await wrappedKey(id)));
      const machine = `payroll-${randomBytes(12).toString('hex')}`;
      names.push(textCanary('name of a virtual machine', machine));
      await client.send(vcenter.addAttributes(id, { 'x-Name': machine }));
      await createNamed(client, machine);
      await client.close();
    }
  }

  /** As it lies in the tenant's key manager: the only place it may lie. */
  async function wrappedKey(id: string): Promise<string> {
    const { custody } = await api.ok<{ custody: { stored_key_id: string } }>('GET', `/keys/${id}`);
    const response = await service.keyProtect('GET', `/keys/${custody.stored_key_id}`);
    const { resources } = (await response.json()) as { resources: { payload: string }[] };
    const envelope = JSON.parse(Buffer.from(resources[0]?.payload ?? '', 'base64').toString()) as Record<
      string,
      unknown
    >;
    const ciphertext = Object.values(envelope).find((value) => typeof value === 'string' && value.length > 60);
    if (typeof ciphertext !== 'string') throw new Error('the envelope has no ciphertext');
    return ciphertext;
  }

  async function pairs(): Promise<void> {
    const password = 'P12 password "4711" unlikely';
    canaries.push(textCanary('password of an archive', password));
    const pem = await api.ok<Pair>('POST', '/client_key_pairs', { name: 'pem' });
    const body = { name: 'p12', encoding: 'pkcs12', password };
    const { archive = '', certificate } = await api.ok<Pair>('POST', '/client_key_pairs', body);
    canaries.push(...pemCanaries('private key', pem.private_key ?? ''));
    canaries.push({ name: 'archive', bytes: Buffer.from(archive, 'base64') });
    certificates.push(...pemCanaries('certificate', pem.certificate), ...pemCanaries('certificate', certificate));
    told(await api.call('POST', '/client_key_pairs', { ...body, password: [password] }));
    told(await api.call('POST', '/client_key_pairs', { ...body, name: 'p12', validity_days: 0 }));
    // What administrators paste by mistake.
    told(
      await api.call('POST', '/client_certificates', {
        name: 'all',
        certificate: pem.certificate + (pem.private_key ?? ''),
      }),
    );
    told(await api.call('POST', '/client_certificates', { name: 'key', certificate: pem.private_key ?? '' }));
    told(await api.call('POST', '/client_certificates', { name: 'again', certificate: pem.certificate }));
  }

  async function credentials(): Promise<void> {
    const empty = await emptyInstance(service);
    const resource = { serviceName: 'kms', serviceInstance: service.connection.keyManager.instanceId };
    const apiKey = await newApiKey(service, resource, ['Writer']);
    const unknown = `unknown-${randomBytes(24).toString('base64url')}`;
    canaries.push(textCanary('API key', apiKey), textCanary('API key that IAM refuses', unknown));
    await empty.ok('PUT', '/credential', { api_key: apiKey });
    const crn = `${service.connection.keyManager.crn.replace(/:+$/, '')}:key:${service.connection.rootKey.id}`;
    await empty.ok('PUT', '/root_key', { crn, endpoint_visibility: 'public' });
    for (const body of [
      { api_key: unknown },
      { api_key: { text: apiKey } },
      { api_key: apiKey, [apiKey.slice(0, 8)]: 1 },
    ]) {
      told(await empty.call('PUT', '/credential', body));
    }
    told(await empty.call('PUT', '/root_key', { crn: apiKey }));
    told(await empty.call('GET', `/keys?api_key=${apiKey}`));
    told(await empty.call('PUT', '/credential', { api_key: apiKey }, { headers: { 'content-type': 'text/plain' } }));
    for (const path of ['/credential', '/root_key', '/audit_log']) answers.push((await empty.call('GET', path)).text);
  }

  async function badTokens(): Promise<void> {
    const token = canaries.find(({ name }) => name === 'token')?.bytes.toString() ?? '';
    const forged = `${token.slice(0, -20)}${'A'.repeat(20)}`;
    for (const authorization of [`Bearer ${forged}`, `Basic ${token}`, token]) {
      told(await api.call('GET', '/keys', undefined, { headers: { authorization } }));
    }
  }

  it('is in no log, at the finest level', async () => {
    const search = new CanarySearch([...canaries, ...certificates, ...names]);
    const folder = join(service.dataFolder, 'logs');
    const found: string[] = [...search.in('output', service.output())];
    for (const name of await readdir(folder)) found.push(...search.in(name, await readFile(join(folder, name))));
    expect(found).toEqual([]);
    expect(search.searchedBytes).toBeGreaterThan(10_000);
  });

  it('is in no answer that tells what is wrong, and in none that is read afterwards', () => {
    expect(refusals.length).toBeGreaterThan(12);
    const search = new CanarySearch([...canaries, ...certificates, ...names]);
    expect(inPlaces(search, { refusals: refusals.join('\n') })).toEqual([]);
    expect(inPlaces(new CanarySearch(canaries), { answers: answers.join('\n') })).toEqual([]);
  });

  it('is in no support bundle, which says all the same what is set and how things are', async () => {
    const ports = JSON.parse(await readFile(join(service.dataFolder, 'ports.json'), 'utf8')) as Record<string, number>;
    const health = ['health1', 'health2', 'health3'].map((name) => `127.0.0.1:${ports[name]}`).join(',');
    const planted = SECRET_VARIABLES.map((variable) =>
      textCanary(variable, `planted-${randomBytes(24).toString('hex')}`),
    );
    const environment = Object.fromEntries(planted.map(({ name, bytes }) => [name, bytes.toString()]));
    // A secret in the wrong place, which is not valid there, and one in a variable of nobody's.
    const misplaced = textCanary('misplaced', `https://user:${randomBytes(24).toString('hex')}@iam`);
    const text = await bundle(service, health, { ...environment, LOG_LEVEL: misplaced.bytes.toString() });
    const search = new CanarySearch([...canaries, ...certificates, ...names, ...planted, misplaced]);
    expect(search.in('bundle', text)).toEqual([]);
    expect(search.searchedBytes).toBeGreaterThan(10_000);
    const parsed = JSON.parse(text) as Bundle;
    expect(parsed.configuration).toMatchObject({
      REGION: 'us-south',
      SERVICE_API_KEY: '(set)',
      LOG_LEVEL: '(not valid)',
    });
    expect(parsed.instances.map(({ state }) => state)).toContain('installed');
    expect(parsed.processes.map(({ metrics }) => metrics.length > 20)).toEqual([true, true, true]);
  });

  it('would rather be withheld with its bundle than given out', async () => {
    const health = service.connection.kmip.host;
    // The address of a process stands in the bundle as it is: here it is a password too.
    const given = bundle(service, health, { BROKER_PASSWORD: health });
    await expect(given).rejects.toThrow(/withheld/);
  });

  it('is in no metric', async () => {
    const search = new CanarySearch([...canaries, ...certificates, ...names]);
    const texts = await Promise.all([0, 1, 2].map((process) => metricsText(service, process)));
    expect(inPlaces(search, { metrics: texts.join('\n') })).toEqual([]);
    expect(search.searchedBytes).toBeGreaterThan(5_000);
  });

  it('is in no stored key: names of virtual machines are encrypted there', async () => {
    const search = new CanarySearch([...canaries.filter(({ name }) => name !== 'wrapped key'), ...names]);
    const keys = `/instances/${service.connection.keyManager.instanceId}/keys`;
    const found: string[] = [];
    for (const { id, extractable } of await service.localCloud<{ id: string; extractable: boolean }[]>('GET', keys)) {
      if (!extractable) continue;
      const text = await (await service.keyProtect('GET', `/keys/${id}`)).text();
      const { resources } = JSON.parse(text) as { resources: { payload: string }[] };
      const content = Buffer.from(resources[0]?.payload ?? '', 'base64');
      found.push(...search.in('stored key', text), ...search.in('envelope', content));
    }
    expect(found).toEqual([]);
    expect(search.searchedBytes).toBeGreaterThan(1_000);
  });

  it('is in no column of no table', async () => {
    const search = new CanarySearch([...canaries, ...certificates, ...names]);
    const whereReadBack = [
      [/^(client_certificates|connection_attempts)$/, new CanarySearch([...canaries, ...names])],
      [
        /^(managed_objects|managed_object_attributes|audit_records.*)$/,
        new CanarySearch([...canaries, ...certificates]),
      ],
    ] as const;
    const database = await openDatabase(service);
    const found: string[] = [];
    const filled: string[] = [];
    try {
      const tables = await database.query<{ name: string }>(
        `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')`,
      );
      for (const { name } of tables.rows) {
        const { rows } = await database.query<Record<string, unknown>>(`SELECT * FROM "${name}"`);
        if (rows.length > 0) filled.push(name);
        const where = whereReadBack.find(([tables]) => tables.test(name))?.[1] ?? search;
        for (const [column, value] of rows.flatMap((row) => Object.entries(row))) {
          const content = Buffer.isBuffer(value) ? value : typeof value === 'string' ? value : JSON.stringify(value);
          found.push(...where.in(`${name}.${column}`, content));
        }
      }
      const inTrail = new CanarySearch([...canaries, ...certificates]);
      for (const { text } of await recordedEvents(database)) found.push(...inTrail.in('audit event', text));
    } finally {
      await database.end();
    }
    expect([...new Set(found)]).toEqual([]);
    expect(filled).toEqual(
      expect.arrayContaining(['audit_records', 'client_certificates', 'credentials', 'managed_objects']),
    );
  });

  it('is in no file of the database, its write-ahead log included', async () => {
    const search = new CanarySearch(canaries);
    const found: string[] = [];
    const folder = join(service.dataFolder, 'postgres');
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      // The server removes files of its own while we look; what is gone holds nothing.
      const bytes = await readFile(join(entry.parentPath, entry.name)).catch(goneOrThrow);
      if (bytes !== undefined) found.push(...search.in(entry.name, bytes));
    }
    expect(found).toEqual([]);
    expect(search.searchedBytes).toBeGreaterThan(1_000_000);
  });
});

function goneOrThrow(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
