import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstat, mkdir, mkdtemp, open, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { Client } from 'pg';

import { type Account, giveTo, serverAccount } from './account';
import { type Binaries, locateBinaries } from './binaries';
import { EmbeddedPostgresError } from './embedded-postgres.error';
import { ADMINISTRATOR, administratorPassword, type Door, lockDoor, openIfPasswordIsLost } from './door';
import { enterableFolder } from './enterable-folder';
import { isAlive, isServerOf, processIdentity, readServerRecord, stopServer } from './server-process';

const DATABASE = 'kms';
const START_DEADLINE_MS = 60_000;
const STOP_GRACE_MS = 10_000;
const LOG_LIMIT_BYTES = 10 * 1024 * 1024;
/** sockaddr_un holds 108 bytes with the final zero on Linux, 104 on macOS; `/.s.PGSQL.5432` takes 15 of them. */
const SOCKET_FOLDER_LIMIT_BYTES = 103 - '/.s.PGSQL.5432'.length;

export interface EmbeddedPostgresOptions {
  /** Holds the cluster, its socket and its log. Made when missing; survives restarts. */
  readonly dataFolder: string;
  readonly log: (message: string) => void;
  /** Off only for throw-away test servers: a power cut may then lose or damage data. */
  readonly durable?: boolean;
  /** More settings `name=value` of the server, which win over ours; for tests. */
  readonly settings?: readonly string[];
}

export interface EmbeddedPostgres {
  /**
   * Of the server's administrator, a superuser: for making logins, not for working with. `host` is the folder of the Unix
   * socket: `pg` and TypeORM take it as it is. There is no TCP port.
   */
  readonly connection: {
    readonly host: string;
    readonly user: string;
    readonly password: string;
    readonly database: string;
  };
  readonly pid: number;
  /** Stops the server, unless another live process started it. Close every connection pool first. */
  stop(): Promise<void>;
}

interface Layout extends Door {
  readonly root: string;
  readonly logFile: string;
  readonly ownerFile: string;
}

/**
 * Starts the PostgreSQL that comes with the npm package, or adopts one that already runs on this folder (left behind
 * when its parent was killed: the safest thing for the data). Reachable only through a Unix socket that belongs to
 * the server's own account.
 * @throws EmbeddedPostgresError
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const layout = await prepareFolder(options);
  const binaries = await locateBinaries(layout.account, layout.root);
  await ensureCluster(layout, binaries, options);
  await openAgain(layout);
  const { pid, host } = await runServer(layout, binaries, options);
  const password = await lockDoor(layout, host);
  await ensureDatabase(host, password);
  const ours = await claimOwnership(layout.ownerFile);
  return {
    connection: { host, user: ADMINISTRATOR, password, database: DATABASE },
    pid,
    stop: async () => {
      if (!ours) {
        options.log('embedded PostgreSQL stays up: another process started it');
        return;
      }
      const outcome = await stopServer(pid, STOP_GRACE_MS);
      if (outcome === 'killed') options.log('embedded PostgreSQL did not stop in time and was killed; it will recover');
    },
  };
}

async function prepareFolder({ dataFolder, log }: EmbeddedPostgresOptions): Promise<Layout> {
  const account = await serverAccount();
  await mkdir(dataFolder, { recursive: true });
  // The kernel reports working folders without symbolic links; comparing needs the same form.
  const asked = await realpath(dataFolder);
  const root = account === undefined ? asked : await enterableFolder(asked, account, log);
  return {
    root,
    cluster: join(root, 'cluster'),
    passwordFile: join(asked, 'administrator-password'),
    logFile: join(root, 'server.log'),
    ownerFile: join(root, 'owner'),
    account,
  };
}

async function ensureCluster(layout: Layout, binaries: Binaries, options: EmbeddedPostgresOptions): Promise<void> {
  const version = await readFile(join(layout.cluster, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (version === undefined) return createCluster(layout, binaries, options);
  if (version.trim() !== binaries.major) {
    throw new EmbeddedPostgresError(
      `the data in ${layout.cluster} was written by PostgreSQL ${version.trim()}, the embedded server is version ` +
        `${binaries.major} and cannot read it: dump it with the old version and restore, or choose another data folder`,
    );
  }
}

async function createCluster(layout: Layout, binaries: Binaries, options: EmbeddedPostgresOptions): Promise<void> {
  options.log('creating the embedded PostgreSQL data folder');
  // Built beside and renamed when whole: a kill in the middle leaves no half-made cluster that looks real.
  const draft = await mkdtemp(`${layout.cluster}.`);
  await giveTo(draft, layout.account);
  const args = [
    '-D',
    draft,
    '-U',
    ADMINISTRATOR,
    '-E',
    'UTF8',
    '--auth-local=trust',
    '--auth-host=reject',
    '--data-checksums',
  ];
  // The builtin provider never changes its sort order; that of the C library does, and would corrupt text indexes.
  args.push('--locale-provider=builtin', '--locale=C.UTF-8');
  if (options.durable === false) args.push('--no-sync');
  const output: Buffer[] = [];
  const child = spawn(binaries.initdb, args, { ...identity(layout.account), stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  const code = await exitOf(child);
  if (code !== 0) {
    await rm(draft, { recursive: true, force: true });
    throw new EmbeddedPostgresError(`initdb failed: ${lastLines(Buffer.concat(output).toString('utf8'))}`);
  }
  await rename(draft, layout.cluster).catch(async (error: unknown) => {
    await rm(draft, { recursive: true, force: true });
    // Another process was first; its cluster is as good as ours.
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  });
}

/** A server that runs already has to be told that its rules of entry have changed. */
async function openAgain(layout: Layout): Promise<void> {
  if ((await openIfPasswordIsLost(layout)) === 'untouched') return;
  const record = await readServerRecord(layout.cluster);
  if (record !== undefined && (await isServerOf(record.pid, layout.cluster))) process.kill(record.pid, 'SIGHUP');
}

type Found = { readonly pid: number; readonly host: string } | 'not answering' | 'stale' | 'none';

async function runServer(
  layout: Layout,
  binaries: Binaries,
  options: EmbeddedPostgresOptions,
): Promise<{ pid: number; host: string }> {
  const host = await socketFolder(layout);
  let child: ChildProcess | undefined;
  const end = performance.now() + START_DEADLINE_MS;
  while (performance.now() < end) {
    const found = await findServer(layout, host);
    if (typeof found === 'object') {
      if (child?.pid !== found.pid) options.log('adopted the embedded PostgreSQL that was already running');
      return found;
    }
    if (found !== 'not answering' && !isRunning(child)) {
      if (child !== undefined) await explainExit(layout);
      // A record whose process is something else by now would make the new server refuse to start.
      if (found === 'stale') await rm(join(layout.cluster, 'postmaster.pid'), { force: true });
      child = await launch(layout, binaries, host, options);
    }
    await delay(25);
  }
  throw new EmbeddedPostgresError(`PostgreSQL did not answer within a minute; its log is ${layout.logFile}`);
}

async function findServer(layout: Layout, defaultHost: string): Promise<Found> {
  const record = await readServerRecord(layout.cluster);
  if (record === undefined) return 'none';
  if (!(await isServerOf(record.pid, layout.cluster))) return 'stale';
  const host = record.socketFolder ?? defaultHost;
  return (await answers(host, await administratorPassword(layout))) ? { pid: record.pid, host } : 'not answering';
}

const isRunning = (child: ChildProcess | undefined): boolean =>
  child !== undefined && child.exitCode === null && child.signalCode === null;

/** @throws unless two processes started servers on one folder and ours lost: its lock file then names the winner's. */
async function explainExit(layout: Layout): Promise<void> {
  const log = lastLines(await readFile(layout.logFile, 'utf8'));
  if (!log.includes('lock file')) throw new EmbeddedPostgresError(`PostgreSQL did not start: ${log}`);
}

async function launch(
  layout: Layout,
  binaries: Binaries,
  host: string,
  options: EmbeddedPostgresOptions,
): Promise<ChildProcess> {
  const settings = ['listen_addresses=', `unix_socket_directories=${host}`, 'unix_socket_permissions=0700'];
  settings.push('timezone=UTC', 'log_timezone=UTC');
  // Statement texts hold attribute values of tenants: keep them out of the log.
  settings.push('log_min_error_statement=panic', 'log_parameter_max_length_on_error=0');
  if (options.durable === false) settings.push('fsync=off', 'full_page_writes=off');
  settings.push(...(options.settings ?? []));
  const size = await stat(layout.logFile).then(
    (found) => found.size,
    () => 0,
  );
  const log = await open(layout.logFile, size > LOG_LIMIT_BYTES ? 'w' : 'a', 0o600);
  try {
    const child = spawn(binaries.postgres, ['-D', layout.cluster, ...settings.flatMap((text) => ['-c', text])], {
      ...identity(layout.account),
      // Its own process group, so that Ctrl-C in the terminal reaches only us and we stop it last; a file for its
      // output, so that it survives us.
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    child.on('error', (error) => {
      options.log(`PostgreSQL could not be started: ${error.message}`);
    });
    child.unref();
    return child;
  } finally {
    await log.close();
  }
}

async function socketFolder(layout: Layout): Promise<string> {
  const inside = join(layout.root, 'socket');
  const folder =
    Buffer.byteLength(inside) <= SOCKET_FOLDER_LIMIT_BYTES
      ? inside
      : join(tmpdir(), `kms-${createHash('sha256').update(layout.root).digest('hex').slice(0, 16)}`);
  try {
    await mkdir(folder, { mode: 0o700 });
    await giveTo(folder, layout.account);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  // The temporary folder is everyone's: somebody may have put a link or a folder of his own under our name.
  const found = await lstat(folder);
  const owner = layout.account?.uid ?? process.getuid?.();
  if (!found.isDirectory() || found.uid !== owner || (found.mode & 0o077) !== 0) {
    throw new EmbeddedPostgresError(`the socket folder ${folder} belongs to someone else; remove it`);
  }
  return folder;
}

async function answers(host: string, password = ''): Promise<boolean> {
  const connection = { host, user: ADMINISTRATOR, password, database: 'postgres' };
  const client = new Client({ ...connection, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function ensureDatabase(host: string, password: string): Promise<void> {
  const client = new Client({ host, user: ADMINISTRATOR, password, database: 'postgres' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } catch (error) {
    // 42P04, 23505: a second process made it in between.
    if (!['42P04', '23505'].includes((error as { code?: string }).code ?? '')) throw error;
  } finally {
    await client.end();
  }
}

/** @returns false when a live process other than this one claimed the server before: only the claimant may stop it. */
async function claimOwnership(ownerFile: string): Promise<boolean> {
  const me = await processIdentity(process.pid);
  const owner = await readFile(ownerFile, 'utf8').catch(() => '');
  const ownerPid = Number(owner.split(' ')[0]);
  const claimed = owner !== me && ownerPid > 0 && (await isAlive(ownerPid));
  if (claimed && (await processIdentity(ownerPid)) === owner) return false;
  await writeFile(ownerFile, me, { mode: 0o600 });
  return true;
}

/** Nothing of our environment reaches the server: it may hold secrets, and the server runs under another account. */
function identity(account: Account | undefined): { uid?: number; gid?: number; cwd: string; env: NodeJS.ProcessEnv } {
  const ids = account === undefined ? {} : { uid: account.uid, gid: account.gid };
  return { ...ids, cwd: '/', env: { LC_ALL: 'C' } };
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolvePromise, reject) => {
    child.once('error', (cause) => reject(new EmbeddedPostgresError('initdb could not be run', { cause })));
    child.once('close', resolvePromise);
  });
}

const lastLines = (text: string): string => text.trimEnd().split('\n').slice(-6).join(' | ');
