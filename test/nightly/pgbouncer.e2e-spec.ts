import { type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type EmbeddedPostgres, startEmbeddedPostgres } from '@lib/embedded-postgres';
import { Client } from 'pg';

import { createKey, fetchKey, first, stateOf, vcenter } from '../e2e/support/keys';
import { RunningService, startAndFail, until } from '../e2e/support/running-service';
import { addTenant } from '../e2e/support/second-tenant';
import { TenantApi } from '../e2e/support/tenant-api';
import { Load } from '../e2e/support/load';
import { end, example, freePorts, Workplace } from './support/processes';

jest.setTimeout(300_000);

/** An address of this machine that nobody else's PostgreSQL listens on. */
const ADDRESS = `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`;
const PASSWORD = 'of-a-test-pooler';

/** A PostgreSQL of an operator, reached through PgBouncer alone, as `scripts/high-availability` sets it up. */
describe('PgBouncer', () => {
  let folder: string;
  let server: EmbeddedPostgres;
  let workplace: Workplace;
  let port: number;
  let pooler: ChildProcess;
  const url = (): string => `postgres://kmip_owner:${PASSWORD}@127.0.0.1:${port}/kmip`;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kmip-pgbouncer-'));
    await chmod(folder, 0o755);
    const [listen = 0] = await freePorts(1);
    const hba = join(folder, 'hba.conf');
    await writeFile(hba, 'local all all trust\nhost all all 127.0.0.0/8 scram-sha-256\n', { mode: 0o644 });
    server = await startEmbeddedPostgres({
      dataFolder: join(folder, 'data'),
      log: () => undefined,
      durable: false,
      settings: [`listen_addresses=${ADDRESS}`, `hba_file=${hba}`, 'max_connections=200'],
    });
    await asAdministrator(
      'postgres',
      `CREATE ROLE kmip_owner LOGIN CREATEROLE PASSWORD '${PASSWORD}'`,
      'CREATE DATABASE kmip OWNER kmip_owner',
    );
    await asAdministrator('kmip', await example('pgbouncer.sql', { 'CHANGE-pgbouncer': PASSWORD }));
    workplace = await Workplace.make();
    port = listen;
    const userlist = await workplace.write('userlist.txt', `"pgbouncer" "${PASSWORD}"\n`);
    const config = await example('pgbouncer.ini', {
      '10.0.0.1 port=5432': `${ADDRESS} port=5432`,
      '10.0.0.4': '127.0.0.1',
      'listen_port = 6432': `listen_port = ${port}`,
      '/etc/pgbouncer/userlist.txt': userlist,
    });
    await workplace.write('session.ini', config);
    await workplace.write('transaction.ini', config.replace('pool_mode = session', 'pool_mode = transaction'));
  });

  afterAll(async () => {
    await workplace.remove();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function asAdministrator(database: string, ...statements: readonly string[]): Promise<void> {
    const client = new Client({ ...server.connection, database });
    await client.connect();
    for (const statement of statements) await client.query(statement);
    await client.end();
  }

  const begin = (mode: 'session' | 'transaction'): void => {
    pooler = workplace.run('pgbouncer', '/usr/sbin/pgbouncer', join(workplace.folder, `${mode}.ini`));
  };

  describe('that keeps sessions', () => {
    let service: RunningService;

    beforeAll(async () => {
      begin('session');
      service = await RunningService.start({ environment: { DATABASE_URL: url() } });
    });

    afterAll(async () => {
      await service.remove();
      await end(pooler, 'SIGTERM');
    });

    it('lets a vCenter and its administrator work', async () => {
      const client = await service.kmip(0);
      await first(client, vcenter.probe());
      const key = await createKey(client);
      await client.send(vcenter.activate(key));
      await client.send(vcenter.addAttributes(key, { 'x-a': '1' }));
      expect(await stateOf(client, key)).toBe('Active');
      expect((await client.locate([])).uniqueIdentifiers).toContain(key);
      const other = await service.kmip(1);
      expect(await fetchKey(other, key)).toEqual(await fetchKey(client, key));
      await Promise.all([client.close(), other.close()]);
      const api = new TenantApi(service, await service.token('manager'));
      for (const path of ['', '/keys', '/client_certificates', '/root_key']) await api.ok('GET', path);
    });

    it('a certificate that is added is honoured on both endpoints', async () => {
      const tenant = await addTenant(service, 'pooled');
      for (const endpoint of [0, 1]) {
        const client = await tenant.connect(endpoint);
        expect(await fetchKey(client, await createKey(client))).toHaveProperty('hex');
        await client.close();
      }
    });

    it.each(['SIGTERM', 'SIGKILL'] as const)(
      'that is restarted by %s under load: nothing acknowledged is lost, and clients are whole within 10 s',
      async (signal) => {
        const { processes } = await service.reload();
        const load = new Load(service);
        await until('there is load', 30_000, () => load.keys.length > 40);
        await end(pooler, signal);
        begin('session');
        const whole = await load.isWhole(10_000);
        await load.stop();
        process.stdout.write(
          `PgBouncer restarted by ${signal}: all clients served after ${whole.toFixed(0)} ms; ` +
            `${load.failedOnce} requests failed on one endpoint, ${load.failedTwice} on both\n`,
        );
        expect(await load.lost()).toEqual([]);
        expect((await service.reload()).processes).toEqual(processes);
      },
    );
  });

  it('that shares sessions by transaction is refused at the start, and why is said', async () => {
    begin('transaction');
    try {
      const { status, output } = await startAndFail({ DATA_DIR: join(folder, 'refused'), DATABASE_URL: url() });
      expect(output).toContain('DATABASE_URL leads to a pooler that shares sessions by transaction');
      expect(status).not.toBe(0);
    } finally {
      await end(pooler, 'SIGTERM');
    }
  });
});
