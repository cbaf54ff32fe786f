import { access, chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Client } from 'pg';

import { completeLibraries } from './binaries';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres';
import { isAlive, processIdentity } from './server-process';

jest.setTimeout(60_000);

const asRoot = process.getuid?.() === 0 ? it : it.skip;

describe('startEmbeddedPostgres', () => {
  let folder: string;
  let running: EmbeddedPostgres[];

  const start = async (dataFolder = folder): Promise<EmbeddedPostgres> => {
    const server = await startEmbeddedPostgres({ dataFolder, log: () => undefined, durable: false });
    running.push(server);
    return server;
  };

  const query = async (server: EmbeddedPostgres, sql: string): Promise<unknown[][]> => {
    const client = new Client({ ...server.connection });
    await client.connect();
    try {
      return (await client.query<unknown[]>({ text: sql, rowMode: 'array' })).rows;
    } finally {
      await client.end();
    }
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'epg-'));
    await chmod(folder, 0o755);
    running = [];
  });

  afterEach(async () => {
    for (const server of running) {
      await writeFile(join(folder, 'owner'), '').catch(() => undefined);
      if (await isAlive(server.pid)) process.kill(server.pid, 'SIGQUIT');
      while (await isAlive(server.pid)) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await rm(folder, { recursive: true, force: true });
  });

  it('keeps its data over a stop and listens on no network port', async () => {
    const first = await start();
    await query(first, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();
    expect(await isAlive(first.pid)).toBe(false);

    const second = await start();
    expect(await query(second, 'SELECT answer FROM kept')).toEqual([[42]]);
    expect(await query(second, 'SHOW listen_addresses')).toEqual([['']]);
    expect(await query(second, 'SHOW data_checksums')).toEqual([['on']]);
  });

  it('lets nobody in without a password, also over data of a release that knew none', async () => {
    const first = await start();
    const { password, ...nameless } = first.connection;
    const refused = async (connection: object): Promise<void> => {
      await expect(new Client(connection).connect()).rejects.toThrow(/password/);
    };
    await refused(nameless);
    await refused({ ...first.connection, password: 'guessed' });
    expect((await stat(join(folder, 'administrator-password'))).mode & 0o777).toBe(0o600);
    await first.stop();

    await writeFile(join(folder, 'cluster', 'pg_hba.conf'), 'local all all trust\n');
    const second = await start();
    expect(second.connection.password).toBe(password);
    await refused(nameless);
  });

  it('draws a new password when its file was lost, whether the server runs or not', async () => {
    const first = await start();
    await writeFile(join(folder, 'owner'), '999999999 1');
    await rm(join(folder, 'administrator-password'));
    const adopted = await start();
    expect(adopted.pid).toBe(first.pid);
    expect(adopted.connection.password).not.toBe(first.connection.password);
    await expect(new Client(first.connection).connect()).rejects.toThrow(/password/);
    await adopted.stop();

    await rm(join(folder, 'administrator-password'));
    expect(await query(await start(), 'SELECT 1')).toEqual([[1]]);
    await expect(new Client(adopted.connection).connect()).rejects.toThrow(/password/);
  });

  it('adopts a server whose parent is gone', async () => {
    const orphan = await start();
    await writeFile(join(folder, 'owner'), '999999999 1');
    const adopted = await start();
    expect(adopted.pid).toBe(orphan.pid);
    await adopted.stop();
    expect(await isAlive(orphan.pid)).toBe(false);
  });

  it('leaves a server alone that another live process started', async () => {
    const server = await start();
    await writeFile(join(folder, 'owner'), await processIdentity(process.ppid));
    const guest = await start();
    await guest.stop();
    expect(await isAlive(server.pid)).toBe(true);
  });

  it('starts again right after the server was killed', async () => {
    const first = await start();
    await query(first, 'CREATE TABLE kept (id int)');
    process.kill(first.pid, 'SIGKILL');
    const second = await start();
    expect(second.pid).not.toBe(first.pid);
    expect(await query(second, 'SELECT count(*)::int FROM kept')).toEqual([[0]]);
  });

  it('is not fooled by a stale pid file whose number belongs to another process now', async () => {
    const first = await start();
    await first.stop();
    const stale = [process.pid, join(folder, 'cluster'), '1', '5432', join(folder, 'socket'), '', ''].join('\n');
    await writeFile(join(folder, 'cluster', 'postmaster.pid'), stale);
    const second = await start();
    expect(await query(second, 'SELECT 1')).toEqual([[1]]);
  });

  it('gives two simultaneous starters of one folder the same server', async () => {
    const [one, other] = await Promise.all([start(), start()]);
    expect(one.pid).toBe(other.pid);
    expect((await readdir(folder)).filter((name) => name.startsWith('cluster.'))).toEqual([]);
  });

  it('refuses data of another major version and says so', async () => {
    await mkdir(join(folder, 'cluster'));
    await writeFile(join(folder, 'cluster', 'PG_VERSION'), '15\n');
    await expect(start()).rejects.toThrow(/written by PostgreSQL 15, the embedded server is version 18/);
  });

  it('moves the socket to a short folder when the path is too long for one', async () => {
    const long = join(folder, 'a'.repeat(60), 'b'.repeat(60));
    const server = await start(long);
    expect(server.connection.host.length).toBeLessThan(90);
    expect(await query(server, 'SELECT 1')).toEqual([[1]]);
    await server.stop();
    await rm(server.connection.host, { recursive: true });
  });

  asRoot('serves from elsewhere when the data folder lies in a private home', async () => {
    const home = join(folder, 'home');
    await mkdir(home, { mode: 0o700 });
    const server = await start(join(home, 'data'));
    expect(await query(server, 'SELECT 1')).toEqual([[1]]);
    await server.stop();
    await rm((await readFile(join(home, 'data', 'location'), 'utf8')).trim(), { recursive: true });
  });

  it('makes the library links that --ignore-scripts leaves out', async () => {
    const native = join(folder, 'native');
    await mkdir(join(native, 'lib'), { recursive: true });
    await writeFile(join(native, 'lib', 'libx.so.1.2'), 'code');
    const links = [{ source: 'native/lib/libx.so.1.2', target: 'native/lib/libx.so.1' }];
    await writeFile(join(native, 'pg-symlinks.json'), JSON.stringify(links));
    expect(await completeLibraries(native)).toBe(true);
    expect(await readlink(join(native, 'lib', 'libx.so.1'))).toBe('libx.so.1.2');
    expect(await readFile(join(native, 'lib', 'libx.so.1'), 'utf8')).toBe('code');
    await expect(access(join(native, 'lib', 'libx.so.1'))).resolves.toBeUndefined();
  });
});
