import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { migrationSettings, parseConfig } from '@lib/config';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@lib/embedded-postgres';
import { Secret } from '@lib/kernel';
import { createDataSource } from '@lib/persistence';
import { Client } from 'pg';
import { type DataSource } from 'typeorm';

import { databaseConnection } from './database-connection';

jest.setTimeout(120_000);

const run = promisify(execFile);
const PASSWORD = 'a password of the cluster';
/** Addresses of this machine that nobody else's PostgreSQL listens on. */
const NETWORK = `127.${randomInt(1, 255)}.${randomInt(256)}`;
const [FIRST, SECOND, SILENT] = [`${NETWORK}.1`, `${NETWORK}.2`, `${NETWORK}.3`];

describe('several servers in DATABASE_URL', () => {
  describe('as they are written', () => {
    const written = (url: string): unknown => {
      const { databaseUrl } = parseConfig(
        { databaseUrl: migrationSettings.gatewayDatabaseUrl },
        { GATEWAY_DATABASE_URL: url },
      );
      return databaseConnection(databaseUrl ?? Secret.fromText(''));
    };
    const servers = [
      { host: 'db1.example.com', port: 5432 },
      { host: 'db2.example.com', port: 5433 },
    ];

    it.each([
      'postgres://u:p@db1.example.com,db2.example.com:5433/kmip?target_session_attrs=read-write',
      'postgres://u:p@db1.example.com:5432,db2.example.com:5433/kmip',
      'postgres://u:p@db1.example.com/kmip?host=db1.example.com,db2.example.com&port=5432,5433',
    ])('%s', (url) => {
      const connection = written(url) as { url: string };
      expect(connection).toMatchObject({ servers, tls: { host: 'db1.example.com' } });
      expect(connection.url).not.toMatch(/host=|port=/);
    });

    it('over a network they show certificates, also when only one of them is elsewhere', () => {
      expect(written('postgres://u:p@localhost,db2.example.com/kmip')).toMatchObject({ tls: { host: 'localhost' } });
      expect(written('postgres://u:p@localhost:1,[::1]:2/kmip')).toMatchObject({
        tls: false,
        servers: [
          { host: 'localhost', port: 1 },
          { host: '::1', port: 2 },
        ],
      });
    });
  });

  describe('of which one was promoted', () => {
    let folder: string;
    let silent: Server;
    const held: Socket[] = [];
    const started: EmbeddedPostgres[] = [];

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'kmip-cluster-'));
      await chmod(folder, 0o755);
      await writeFile(join(folder, 'hba.conf'), 'local all all trust\nhost all all 127.0.0.0/8 scram-sha-256\n', {
        mode: 0o644,
      });
      silent = createServer((socket) => held.push(socket));
      await new Promise<void>((resolve) => silent.listen(5432, SILENT, resolve));
      const first = await begin('first', FIRST);
      await ask(first, `ALTER USER ${first.connection.user} PASSWORD '${PASSWORD}'`);
      await first.stop();
      await run('cp', ['-a', join(folder, 'first'), join(folder, 'second')]);
      await run('sh', ['-c', 'cp -p "$1/PG_VERSION" "$1/standby.signal"', 'sh', join(folder, 'second', 'cluster')]);
      started.push(await begin('first', FIRST), await begin('second', SECOND));
    });

    afterAll(async () => {
      for (const server of started) await server.stop();
      for (const socket of held) socket.destroy();
      await new Promise((resolve) => silent.close(resolve));
      await rm(folder, { recursive: true, force: true });
    });

    const begin = (name: string, address: string): Promise<EmbeddedPostgres> =>
      startEmbeddedPostgres({
        dataFolder: join(folder, name),
        log: () => undefined,
        durable: false,
        settings: [`listen_addresses=${address}`, `hba_file=${join(folder, 'hba.conf')}`],
      });

    async function ask(server: EmbeddedPostgres, question: string): Promise<unknown[]> {
      const client = new Client(server.connection);
      await client.connect();
      const { rows } = await client.query<object>(question);
      await client.end();
      return rows;
    }

    async function open(...hosts: string[]): Promise<DataSource> {
      const { user, database } = started[0]!.connection;
      const login = `${user}:${encodeURIComponent(PASSWORD)}`;
      const url = `postgres://${login}@${hosts[0]}/${database}?host=${hosts.join(',')}`;
      const options = { applicationName: 'cluster-test', role: 'login', poolSize: 2 } as const;
      return await createDataSource(databaseConnection(Secret.fromText(url)), options).initialize();
    }

    const addressOf = async (dataSource: DataSource): Promise<string> => {
      const rows = await dataSource.query<{ address: string }[]>('SELECT host(inet_server_addr()) AS address');
      return rows[0]?.address ?? '';
    };

    it('goes to the one that takes writes, past a standby and one that is silent, and to the new one when it is promoted', async () => {
      const dataSource = await open(SILENT, SECOND, FIRST);
      expect(await addressOf(dataSource)).toBe(FIRST);
      await ask(started[1]!, 'SELECT pg_promote()');

      // The first one goes on, and takes writes: what is connected to it is cut, and what connects does not go there.
      let address = FIRST;
      while (address === FIRST) address = await addressOf(dataSource).catch(() => FIRST);
      expect(address).toBe(SECOND);
      expect(await ask(started[0]!, `SELECT FROM pg_stat_activity WHERE application_name = 'cluster-test'`)).toEqual(
        [],
      );

      const other = await open(FIRST, SECOND);
      expect(await addressOf(other)).toBe(SECOND);
      await other.destroy();

      // Back to an older one leads no way, even when it is the only one that answers.
      await started.pop()!.stop();
      let refusal = '';
      while (!refusal.includes(`${FIRST}:5432 was replaced`)) {
        refusal = await addressOf(dataSource).catch((error: unknown) => String(error));
        expect(refusal).not.toBe(FIRST);
      }
      await dataSource.destroy();
    });
  });
});
