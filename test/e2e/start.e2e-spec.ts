import { type AddressInfo, createServer } from 'node:net';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';

import { parse } from 'yaml';

import { openDatabase } from './support/database';
import { createKey, fetchKey } from './support/keys';
import { makeDataFolder, RunningService, startAndFail, until } from './support/running-service';

jest.setTimeout(180_000);

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('npm start', () => {
  let service: RunningService;

  beforeAll(async () => {
    service = await RunningService.start();
  });

  afterAll(async () => {
    await service.remove();
  });

  it('writes the contract for scripts, and every file in it exists', async () => {
    const { connection } = service;
    expect(connection.kmip.ports).toHaveLength(2);
    for (const file of [connection.kmip.serverCa, connection.kmip.clientCertificate, connection.kmip.clientKey]) {
      expect((await stat(file)).isFile()).toBe(true);
    }
    expect(connection.instance.crn).toContain(connection.instance.id);
    expect(connection.rootKey.id).toMatch(/^[0-9a-f-]{36}$/);
    for (const pid of Object.values(connection.processes)) expect(alive(pid)).toBe(true);
    expect((await service.token('Viewer')).split('.')).toHaveLength(3);
  });

  it('shows the fingerprint that each endpoint presents', async () => {
    for (const port of service.connection.kmip.ports) {
      const presented = await new Promise<X509Certificate | undefined>((resolve, reject) => {
        const socket = connect({ host: service.connection.kmip.host, port, rejectUnauthorized: false }, () => {
          resolve(socket.getPeerX509Certificate());
          socket.destroy();
        });
        socket.once('error', reject);
      });
      expect(presented?.fingerprint256).toBe(service.connection.kmip.serverFingerprints.sha256);
      expect(presented?.fingerprint).toBe(service.connection.kmip.serverFingerprints.sha1);
    }
  });

  it('serves the document of the tenant API as it is committed', async () => {
    const served = await fetch(`${service.connection.management.url}/v1/openapi.json`);
    expect(await served.json()).toEqual(parse(await readFile('docs/openapi/tenant-api.yaml', 'utf8')));
  });

  it('connects each process with a login of its own, which is no superuser, and tells it no other', async () => {
    const database = await openDatabase(service);
    const { rows } = await database.query<{ process: string; login: string; strong: boolean }>(
      `SELECT DISTINCT application_name AS process, rolname AS login, rolsuper OR rolcreaterole OR rolbypassrls AS strong
        FROM pg_stat_activity JOIN pg_roles ON rolname = usename
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND application_name <> 'kmip-invalidation'
        ORDER BY application_name`,
    );
    await database.end();
    expect(rows).toEqual([
      { process: 'kmip-1', login: 'kms_gateway_login', strong: false },
      { process: 'kmip-2', login: 'kms_gateway_login', strong: false },
      { process: 'management-api', login: 'kms_api_login', strong: false },
    ]);
    const passwords = JSON.parse(await readFile(join(service.dataFolder, 'database-logins.json'), 'utf8')) as {
      readonly [login: string]: string;
    };
    const { processes } = service.connection;
    for (const [name, own] of [
      ['kmip-gateway-1', 'gateway'],
      ['management-api', 'api'],
      ['local-cloud', undefined],
    ] as const) {
      const environment = await readFile(`/proc/${String(processes[name])}/environ`, 'utf8');
      const told = Object.keys(passwords).filter((login) => environment.includes(passwords[login] ?? ''));
      expect([name, told]).toEqual([name, own === undefined ? [] : [own]]);
    }
  });

  it('refuses a second copy on the same data folder, and says what to do', async () => {
    const { status, output } = await startAndFail({ DATA_DIR: service.dataFolder });
    expect(status).toBe(1);
    expect(output).toContain('DATA_DIR');
    expect(output).not.toMatch(/at .*\.js:\d+/);
  });

  it('says which port is taken', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => blocker.once('listening', resolve));
    const { port } = blocker.address() as AddressInfo;
    const { status, output } = await startAndFail({ DATA_DIR: await makeDataFolder(), KMIP_PORT_2: String(port) });
    blocker.close();
    expect(status).toBe(1);
    expect(output).toContain(`KMIP_PORT_2`);
    expect(output).toContain(String(port));
  });

  it('says so when two of its own ports are the same', async () => {
    const settings = { DATA_DIR: await makeDataFolder(), KMIP_PORT_1: '29696', KMIP_PORT_2: '29696' };
    const { status, output } = await startAndFail(settings);
    expect(status).toBe(1);
    expect(output).toContain('KMIP_PORT_2');
  });

  it('lists every configuration fault by name and prints no value', async () => {
    const { status, output } = await startAndFail({ KMIP_PORT_1: 'many', LOG_LEVEL: 'shouting' });
    expect(status).toBe(1);
    expect(output).toContain('KMIP_PORT_1');
    expect(output).toContain('LOG_LEVEL');
    expect(output).not.toContain('shouting');
  });

  it('says what is wrong with the database it was given', async () => {
    const { status, output } = await startAndFail({
      DATA_DIR: await makeDataFolder(),
      DATABASE_URL: 'postgres://kmip:secret-word@127.0.0.1:1/kmip',
    });
    expect(status).toBe(1);
    expect(output).toContain('DATABASE_URL');
    expect(output).not.toContain('secret-word');
  });

  it('starts a process that died again, on the same port, and brings connection.json up to date', async () => {
    const before = await service.reload();
    const pid = before.processes['kmip-gateway-1'] ?? 0;
    process.kill(pid, 'SIGKILL');
    await until(
      'a new pid of kmip-gateway-1',
      30_000,
      async () => (await service.reload()).processes['kmip-gateway-1'] !== pid,
    );
    const client = await service.kmip(0);
    await client.close();
    expect(service.connection.kmip.ports).toEqual(before.kmip.ports);
  });

  it('keeps keys and identities over a restart, and leaves no process behind', async () => {
    const client = await service.kmip();
    const id = await createKey(client);
    const key = await fetchKey(client, id);
    await client.close();
    const { processes, instance, rootKey, kmip } = await service.reload();

    expect(await service.stop()).toBe(0);
    expect(Object.entries(processes).filter(([, pid]) => alive(pid))).toEqual([]);

    service = await RunningService.start({ dataFolder: service.dataFolder });
    expect(service.connection).toMatchObject({
      instance,
      rootKey,
      kmip: { serverFingerprints: kmip.serverFingerprints },
    });
    const again = await service.kmip(1);
    expect(await fetchKey(again, id)).toEqual(key);
    await again.close();
  });
});
