import { type ChildProcess } from 'node:child_process';
import { readFile, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { issueClientCertificate } from '@lib/pki';
import { Client } from 'pg';

import { createKey, fetchKey } from '../e2e/support/keys';
import { makeDataFolder, RunningService, until } from '../e2e/support/running-service';
import { TenantApi } from '../e2e/support/tenant-api';
import { end, freePorts, Workplace } from './support/processes';

jest.setTimeout(600_000);

const SCRIPTS = join(process.cwd(), 'scripts', 'backup');
const DEBIAN = '/usr/lib/postgresql';
const WITHIN_MS = 60_000;

interface Drill {
  readonly there: number;
  readonly broughtBack: number;
  readonly lost: readonly { readonly uniqueIdentifier: string; readonly name: string }[];
}

describe('a backup by the scripts', () => {
  const script = (name: string): string => join(SCRIPTS, name);
  let workplace: Workplace;
  let port: number;
  let server: ChildProcess;
  let service: RunningService;
  let dataFolder: string;
  let url: string;
  const keys = new Map<string, string>();

  beforeAll(async () => {
    const versions = (await readdir(DEBIAN)).map(Number).sort((one, other) => one - other);
    process.env['PATH'] = `${DEBIAN}/${versions.at(-1) ?? ''}/bin:${process.env['PATH'] ?? ''}`;
    workplace = await Workplace.make();
    [port = 0] = await freePorts(1);
    await workplace.finish({}, 'initdb', '--pgdata', at('data'), '--username', 'postgres', '--auth', 'trust');
    await begin('data');
    const admin = await connect('postgres');
    await admin.query('CREATE ROLE kmip_owner LOGIN CREATEROLE');
    await admin.query('CREATE DATABASE kmip OWNER kmip_owner');
    await admin.end();
    url = `postgres://kmip_owner:password@127.0.0.1:${port}/kmip`;
    dataFolder = await makeDataFolder();
    service = await RunningService.start({ dataFolder, environment: { DATABASE_URL: url } });
  });

  afterAll(async () => {
    await service.remove();
    await workplace.remove();
  });

  const at = (name: string): string => join(workplace.folder, name);

  async function connect(database = 'kmip'): Promise<Client> {
    const client = new Client({ host: '127.0.0.1', port, user: 'postgres', database });
    await client.connect();
    return client;
  }

  async function begin(data: string): Promise<void> {
    const settings = {
      port: String(port),
      listen_addresses: '127.0.0.1',
      unix_socket_directories: workplace.folder,
      archive_mode: 'on',
      archive_command: `${script('archive-wal.sh')} %p %f ${at('backup')}/wal`,
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    server = workplace.run(data, 'postgres', '-D', at(data), ...options);
    await until('the server is there', WITHIN_MS, async () => {
      const client = await connect('postgres').catch(() => undefined);
      const found = await client?.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
      await client?.end();
      return found?.rows[0]?.standby === false;
    });
  }

  async function make(count: number): Promise<void> {
    const client = await service.kmip();
    for (let made = 0; made < count; made += 1) {
      const id = await createKey(client);
      const answer = await fetchKey(client, id);
      keys.set(id, 'hex' in answer ? answer.hex : '');
    }
    await client.close();
  }

  /** Everything that was committed by now lies in the archive. */
  async function archived(): Promise<void> {
    const admin = await connect();
    const { rows } = await admin.query<{ segment: string }>('SELECT pg_walfile_name(pg_switch_wal()) AS segment');
    const segment = rows[0]?.segment ?? '';
    await until('the log is archived', WITHIN_MS, async () => (await readdir(at('backup/wal'))).includes(segment));
    await admin.end();
  }

  /** What the command line reads, for the account of the database. */
  async function environment(): Promise<string> {
    let text = await readFile(join(dataFolder, 'service.env'), 'utf8');
    for (const name of ['SERVICE_KEY_FILE', 'AUDIT_KEY_FILE']) {
      const [, file] = new RegExp(`^${name}=(.*)$`, 'm').exec(text) ?? [];
      if (file === undefined) continue;
      const copy = await workplace.write(name, await readFile(file, 'utf8'));
      text = text.replace(`${name}=${file}`, `${name}=${copy}`);
    }
    return workplace.write('environment', text);
  }

  it('is checked, drilled without a change, and restored with every key that nobody destroyed', async () => {
    await make(5);
    const libpq = { PGHOST: '127.0.0.1', PGPORT: String(port), PGUSER: 'postgres' };
    await workplace.finish(libpq, script('backup-database.sh'), at('backup'));
    await make(5);
    await archived();
    await make(2);
    const api = new TenantApi(service, await service.token('manager'));
    const [gone = ''] = keys.keys();
    const { custody } = await api.ok<{ custody: { stored_key_id: string } }>('GET', `/keys/${gone}`);
    expect((await service.keyProtect('DELETE', `/keys/${custody.stored_key_id}`)).ok).toBe(true);

    const before = await readdir(at('backup/base'));
    const drill = await workplace.finish({}, script('drill.sh'), at('backup'), await environment());
    const report = JSON.parse(drill) as Drill;
    expect(report).toMatchObject({ broughtBack: 2, lost: [{ uniqueIdentifier: gone }] });
    expect(await readdir(at('backup/base'))).toEqual(before);

    await service.stop();
    // At once: what was not archived by now is lost.
    await end(server, 'SIGQUIT');
    await workplace.finish({}, script('restore-database.sh'), at('backup'), at('restored'));
    await rm(at('data'), { recursive: true });
    await begin('restored');
    service = await RunningService.start({ dataFolder, environment: { DATABASE_URL: url } });
    const { id } = service.connection.instance;
    expect(await service.admin('catalog', 'rebuild', '--instance', id)).toMatchObject({
      restored: 2,
      lost: [{ uniqueIdentifier: gone }],
    });
    const client = await service.kmip(1);
    for (const [key, hex] of keys) {
      const answer = await fetchKey(client, key);
      expect([key, 'hex' in answer ? answer.hex : 'refused']).toEqual([key, key === gone ? 'refused' : hex]);
    }
    await client.close();
  });

  it('never has keys and database together, and keys only for their recipient', async () => {
    const { certificatePem, privateKeyPem } = await issueClientCertificate('self-signed', {
      commonName: 'keeper',
      validDays: 1,
    });
    const certificate = await workplace.write('keeper.pem', certificatePem);
    const key = await workplace.write('keeper.key', privateKeyPem.exposeText());
    const secret = await workplace.write('service-key', 'v1:of-a-test');
    const backup = (folder: string, ...what: string[]): Promise<string> =>
      workplace.finish({}, script('backup-keys.sh'), at(folder), certificate, ...what);
    await expect(backup('backup', secret)).rejects.toThrow('never backed up together');
    await expect(backup('keys', `${secret}.record`)).rejects.toThrow('never restored');
    const file = (await backup('keys', secret)).trim();
    expect(await readFile(file, 'latin1')).not.toContain('of-a-test');
    // A mistake of that kind is none of the next backup of keys.
    const mistake = workplace.finish({}, script('backup-database.sh'), at('keys'));
    await expect(mistake).rejects.toThrow('never backed up together');
    expect(await readdir(at('keys'))).toEqual([basename(file)]);
    const opened = ['openssl', 'cms', '-decrypt', '-binary', '-inform', 'DER', '-in', file, '-inkey', key].join(' ');
    await workplace.finish({}, 'mkdir', at('opened'));
    await workplace.finish({}, 'sh', '-c', `${opened} | tar -x -C ${at('opened')}`);
    expect(await readFile(join(at('opened'), secret), 'utf8')).toBe('v1:of-a-test');
    await workplace.finish({}, 'mkdir', '-p', at('mixed/wal'));
    await expect(backup('mixed', secret)).rejects.toThrow('never backed up together');
  });
});
