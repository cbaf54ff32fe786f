import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

import { locateBinaries, serverAccount } from '@lib/embedded-postgres';
import { Client } from 'pg';

import { type ComposeFile, type ComposeService, readComposeFile } from '../../support/compose-file';
import { until } from './running-service';

const run = promisify(execFile);
const READY_WITHIN_MS = 60_000;

interface Ids {
  readonly uid?: number;
  readonly gid?: number;
}

interface Running {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Resolves with its exit status. */
  readonly ended: Promise<number | null>;
}

/**
 * docker-compose.yml without Docker: each service's own command, environment and secrets, as a process under the
 * service's user (where root may give it away), beside a PostgreSQL that is set up as its image does. What a container
 * does not see is not kept from a process: each has its own copy of the secrets that it mounts, and knows no other path.
 */
export class ComposeDeployment {
  readonly #running = new Map<string, Running>();

  private constructor(
    readonly folder: string,
    readonly compose: ComposeFile,
    private readonly ports: ReadonlyMap<string, readonly [number, number]>,
  ) {}

  /** With the secrets that scripts/make-secrets.sh makes, and a database that is up and empty. */
  static async open(): Promise<ComposeDeployment> {
    const { compose } = readComposeFile();
    const folder = await mkdtemp(join(tmpdir(), 'kmip-compose-'));
    await chmod(folder, 0o755);
    await mkdir(join(folder, 'data'));
    const ports = new Map<string, readonly [number, number]>();
    for (const name of Object.keys(compose.services)) ports.set(name, [await freePort(), await freePort()]);
    const deployment = new ComposeDeployment(folder, compose, ports);
    const secrets = join(folder, 'secrets');
    await run('scripts/make-secrets.sh', [secrets], {
      env: { ...process.env, POSTGRES_HOST: 'localhost', POSTGRES_PORT: String(deployment.portOf('postgres')) },
    });
    await writeFile(join(secrets, 'service-api-key'), 'an API key of no account', { mode: 0o400 });
    await deployment.#startPostgres();
    return deployment;
  }

  portOf(service: string, which: 'service' | 'health' = 'service'): number {
    const [first = 0, health = 0] = this.ports.get(service) ?? [];
    return which === 'service' ? first : health;
  }

  output(service: string): string {
    return this.#running.get(service)?.output() ?? '';
  }

  /** The services in the order of their `depends_on`, but for the database. */
  get order(): readonly string[] {
    const { services } = this.compose;
    const after = (name: string): number =>
      1 + Math.max(0, ...Object.keys(services[name]?.depends_on ?? {}).map((other) => after(other)));
    const names = Object.keys(services).filter((name) => name !== 'postgres');
    return names.toSorted((one, other) => after(one) - after(other));
  }

  /** Runs a service; one that others wait for to complete is waited for. @throws when it ends with another status than 0 */
  async up(name: string, environment: Readonly<Record<string, string | undefined>> = {}): Promise<void> {
    const service = this.#service(name);
    const [command = '', ...args] = service.command ?? [];
    const running = await this.#spawn(name, command === 'node' ? process.execPath : command, args, environment);
    if (this.#completes(name)) {
      const status = await running.ended;
      if (status !== 0) throw new Error(`${name} ended with ${String(status)}: ${running.output()}`);
      return;
    }
    await until(`${name} is ready`, READY_WITHIN_MS, async () => {
      if (running.child.exitCode !== null) throw new Error(`${name} ended: ${running.output()}`);
      const answer = await fetch(`http://127.0.0.1:${String(this.portOf(name, 'health'))}/readyz`).catch(
        () => undefined,
      );
      return answer?.status === 200;
    });
  }

  /** As the administrator of the database. */
  async sql(text: string, database = 'kmip'): Promise<readonly Record<string, unknown>[]> {
    const url = new URL((await readFile(join(this.folder, 'secrets', 'administrator-database-url'), 'utf8')).trim());
    const ca = await readFile(join(this.folder, 'secrets', 'postgres-ca.crt'), 'utf8');
    const client = new Client({
      host: url.hostname,
      port: Number(url.port),
      user: url.username,
      password: url.password,
      database,
      ssl: { ca },
    });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  }

  async remove(): Promise<void> {
    // The database last, as nobody wants to lose it first.
    for (const { child, ended } of [...this.#running.values()].reverse()) {
      child.kill('SIGTERM');
      await ended;
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  #service(name: string): ComposeService {
    const service = this.compose.services[name];
    if (service === undefined) throw new Error(`no service ${name}`);
    return service;
  }

  #completes(name: string): boolean {
    const conditions = Object.values(this.compose.services).map(({ depends_on: on = {} }) => on[name]?.condition);
    return conditions.includes('service_completed_successfully');
  }

  async #spawn(
    name: string,
    command: string,
    args: readonly string[],
    environment: Readonly<Record<string, string | undefined>> = {},
  ): Promise<Running> {
    const service = this.#service(name);
    const ids = name === 'postgres' ? ((await serverAccount()) ?? {}) : userOf(service);
    const mounts = await this.#mounts(name, service, ids);
    const own = Object.entries(environmentOf(service)).map(([variable, value]) => [variable, mounts(filled(value))]);
    const child = spawn(command, args.map(mounts), {
      ...(ids.uid === undefined ? {} : { uid: ids.uid, gid: ids.gid }),
      env: {
        PATH: process.env['PATH'],
        NODE_ENV: 'production',
        ...(Object.fromEntries(own) as Record<string, string>),
        ...this.#network(name),
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const running = { child, ended, output: () => Buffer.concat(said).toString('utf8') };
    this.#running.set(name, running);
    return running;
  }

  /** Containers have a network each; processes need ports of their own. */
  #network(name: string): Record<string, string> {
    const [port, health] = [String(this.portOf(name)), String(this.portOf(name, 'health'))];
    return {
      KMIP_HOST: '127.0.0.1',
      KMIP_PORT: port,
      MANAGEMENT_PORT: port,
      HEALTH_HOST: '127.0.0.1',
      HEALTH_PORT: health,
    };
  }

  /** What is at a path inside of the container: its secrets, each readable for its user alone, and its volumes. */
  async #mounts(name: string, service: ComposeService, ids: Ids): Promise<(text: string) => string> {
    const secrets = join(this.folder, 'run', name);
    const mapped = (text: string): string =>
      text.replaceAll('/run/secrets/', `${secrets}/`).replaceAll('/data/', `${join(this.folder, 'data')}/`);
    await mkdir(secrets, { recursive: true });
    for (const secret of service.secrets ?? []) {
      const file = this.compose.secrets[secret]?.file ?? '';
      const content = await readFile(join(this.folder, 'secrets', basename(file)), 'utf8');
      await rm(join(secrets, secret), { force: true });
      await this.#give(join(secrets, secret), mapped(content), ids);
    }
    for (const volume of service.volumes ?? []) {
      const target = mapped(volume.split(':')[1] ?? '');
      if (!target.startsWith(this.folder)) continue;
      await mkdir(target, { recursive: true, mode: 0o700 });
      if (ids.uid !== undefined && ids.gid !== undefined) await chown(target, ids.uid, ids.gid);
    }
    return mapped;
  }

  async #give(file: string, content: string, { uid, gid }: Ids): Promise<void> {
    await writeFile(file, content, { mode: 0o400 });
    if (uid !== undefined && gid !== undefined) await chown(file, uid, gid);
  }

  /** As the entry point of its image: the user and the database that the environment names, then the command. */
  async #startPostgres(): Promise<void> {
    const service = this.#service('postgres');
    const account = await serverAccount();
    const data = join(this.folder, 'postgres');
    await mkdir(data, { mode: 0o700 });
    if (account !== undefined) await chown(data, account.uid, account.gid);
    const { initdb, postgres } = await locateBinaries(account, this.folder);
    const mounts = await this.#mounts('postgres', service, account ?? {});
    const { POSTGRES_USER: user = '', POSTGRES_PASSWORD_FILE: passwordFile = '' } = environmentOf(service);
    const settings = [
      '-U',
      user,
      `--pwfile=${mounts(passwordFile)}`,
      '--auth=scram-sha-256',
      '-E',
      'UTF8',
      '--no-sync',
    ];
    const locale = ['--locale-provider=builtin', '--locale=C.UTF-8'];
    await run(initdb, ['-D', data, ...settings, ...locale], account ?? {});
    const network = [
      '-clisten_addresses=localhost',
      `-cport=${String(this.portOf('postgres'))}`,
      '-cunix_socket_directories=',
    ];
    const [, ...command] = service.command ?? [];
    const { child, output } = await this.#spawn('postgres', postgres, [
      '-D',
      data,
      ...network,
      '-cfsync=off',
      ...command,
    ]);
    await until('the database answers', READY_WITHIN_MS, async () => {
      if (child.exitCode !== null) throw new Error(`the database ended: ${output()}`);
      return await this.sql('SELECT 1', 'postgres').then(
        () => true,
        () => false,
      );
    });
    await this.sql(`CREATE DATABASE ${environmentOf(service)['POSTGRES_DB'] ?? ''}`, 'postgres');
  }
}

/** `${NAME:-value}` as the file is read where NAME is not set. */
const filled = (value: string): string => value.replace(/\$\{[A-Z_]+:-([^}]*)\}/g, '$1');

/** What the file itself sets; what it only passes on is not set in the environment of whoever starts it here. */
function environmentOf({ environment = {} }: ComposeService): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== null),
  );
}

/** The user of a service, if we may be it, and it may read the program. */
function userOf({ user = '' }: ComposeService): Ids {
  const [uid = 0, gid = 0] = user.split(':').map(Number);
  if (process.getuid?.() !== 0) return {};
  const { status } = spawnSync(process.execPath, ['-e', `require('fs').readdirSync('dist')`], { uid, gid });
  return status === 0 ? { uid, gid } : {};
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
