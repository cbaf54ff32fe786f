import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ensureAuditKeyFile, ensureServiceKeyFile, launcherConfig, parseConfig } from '@lib/config';
import { type Secret } from '@lib/kernel';
import { KmipClient } from '@lib/kmip-client';
import { type IssuedCertificate, ensureServerPki } from '@lib/pki';
import { quietly } from '@lib/platform';
import { Link, mayMount, type SmallDisk, smallDisk } from '@lib/testing';
import { type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Client } from 'pg';

import {
  auditKeys,
  gateway,
  localCloud,
  localCloudHosts,
  localCloudUrl,
  managementApi,
  ownDatabase,
  type Setting,
  sharedEnvironment,
} from '../../../apps/launcher/src/children';
import { prepareDatabase } from '../../../apps/launcher/src/database-logins';
import { type DemoTenant, demoTenant } from '../../../apps/launcher/src/demo-tenant';
import { choosePorts } from '../../../apps/launcher/src/ports';
import { PostgresKeeper } from '../../../apps/launcher/src/postgres-keeper';
import { SeedModule } from '../../../apps/launcher/src/seed.module';
import { type ChildSpecification, Supervisor } from '../../../apps/launcher/src/supervisor';
import { ANY_PORTS } from '../../e2e/support/running-service';
import { LINKS, type LinkName, type ProcessName, type ServerName, SERVERS } from './places';

/** A cluster, and its log between two checkpoints. */
const DISK_MEBIBYTES = 320;
const SOCKET = '.s.PGSQL.5432';
const SURROUNDINGS = join(process.cwd(), 'test', 'faults', 'support', 'surroundings.cjs');
const REQUEST_TIMEOUT_MS = 3_000;

interface Ended {
  readonly name: string;
  readonly how: string;
}

/**
 * The built product as the launcher runs it, each process with the links it uses, a clock of its own, and the database on
 * a disk that can be filled.
 */
export class Region {
  readonly links = new Map<LinkName, Link>();
  /** What ended, whoever ended it, in order. */
  readonly ended: Ended[] = [];
  readonly #supervisor = new Supervisor({ log: (line) => this.#noteEnd(line), restarted: () => undefined });
  readonly #closers: (() => unknown)[] = [];
  #postgres!: PostgresKeeper;
  #context!: INestApplicationContext;
  #serverCa = '';
  /** Its folder is left behind, with the logs. */
  isKept = false;
  /** Undefined where nothing may be mounted. */
  disk: SmallDisk | undefined;

  private constructor(
    readonly folder: string,
    readonly setting: Setting,
    readonly provider: DemoTenant,
  ) {}

  static async start(): Promise<Region> {
    const folder = await mkdtemp(join(tmpdir(), 'kmip-faults-'));
    // Root runs the database under another account, which has to get there.
    await chmod(folder, 0o755);
    await mkdir(join(folder, 'logs'));
    const config = parseConfig(launcherConfig, { ...ANY_PORTS, DATA_DIR: folder });
    const ports = await choosePorts(folder, wantedPorts());
    const region = new Region(folder, { config, dataFolder: folder, ports }, await demoTenant(folder));
    region.#closers.push(() => (region.isKept ? undefined : rm(folder, { recursive: true, force: true })));
    try {
      await region.#start();
      return region;
    } catch (error) {
      await region.stop();
      throw error;
    }
  }

  get cloudUrl(): string {
    return localCloudUrl(this.setting);
  }

  get managementUrl(): string {
    return `http://127.0.0.1:${this.setting.ports.management}`;
  }

  /** What fills tenants in, past every link. */
  get context(): INestApplicationContext {
    return this.#context;
  }

  pid(name: ProcessName): number {
    return name === 'postgres' ? this.#postgres.pid : (this.#supervisor.pids()[name] ?? 0);
  }

  link(name: LinkName): Link {
    const link = this.links.get(name);
    if (link === undefined) throw new Error(`no link ${name}`);
    return link;
  }

  /** Whether every process listens, past every link. */
  async runs(): Promise<boolean> {
    const { kmip1, kmip2, management, localCloud: cloud } = this.setting.ports;
    const listen = await Promise.all([kmip1, kmip2, management, cloud].map(isListening));
    if (listen.includes(false)) return false;
    return await this.query('SELECT 1').then(
      () => true,
      () => false,
    );
  }

  /** Over the link of the endpoint's clients. */
  async kmip({ certificatePem, privateKeyPem }: IssuedCertificate, endpoint: number): Promise<KmipClient> {
    return await KmipClient.connect({
      host: '127.0.0.1',
      port: this.link(endpoint === 0 ? 'clients of kmip-gateway-1' : 'clients of kmip-gateway-2').port,
      serverTrust: { caPem: this.#serverCa },
      clientCertificatePem: certificatePem,
      clientKeyPem: privateKeyPem,
      connectTimeoutMs: REQUEST_TIMEOUT_MS,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
    });
  }

  /** Asks the database as its administrator, past the separation of tenants. */
  async query<Row extends object>(sql: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    const client = new Client({ ...this.#postgres.connection });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<Row>(sql, [...values])).rows;
    } finally {
      await client.end();
    }
  }

  /** The stand-in cloud's admin API, past every link. */
  async cloud<T>(method: string, path: string, body?: unknown): Promise<T> {
    return await askJson<T>(`${this.cloudUrl}/admin${path}`, method, body);
  }

  /** Sets the wall clock of a process. */
  async moveClock(name: ServerName, wrongByMs: number): Promise<void> {
    await writeFile(this.#clockFile(name), String(wrongByMs));
  }

  async stop(): Promise<void> {
    for (const link of this.links.values()) link.mend();
    for (const close of this.#closers.toReversed()) await close();
  }

  async #start(): Promise<void> {
    const { setting, folder } = this;
    const database = join(folder, 'postgres');
    await mkdir(database);
    if (mayMount()) {
      const disk = smallDisk(database, DISK_MEBIBYTES);
      this.disk = disk;
      this.#closers.push(() => disk.unmount());
    }
    const options = { dataFolder: database, log: (line: string) => this.#noteEnd(line), settings: POSTGRES };
    this.#postgres = await PostgresKeeper.start(options, () => undefined);
    this.#closers.push(() => this.#postgres.stop());
    await this.#openLinks();
    await ensureServiceKeyFile(join(folder, 'service-keys'));
    await ensureAuditKeyFile(auditKeys(setting).AUDIT_KEY_FILE, new Date());
    const urls = await prepareDatabase(setting.config, folder, this.#postgres);
    this.#closers.push(() => this.#supervisor.stop());
    await this.#supervisor.start(built(localCloud(setting)));
    await ensureServerPki(join(folder, 'tls'), { hostNames: setting.config.kmipServerNames });
    this.#serverCa = await readFile(join(folder, 'tls', 'ca.crt'), 'utf8');
    await this.#openContext(urls.api);
    const shared = { ...sharedEnvironment(setting), ...SHORT_DRAIN };
    const api = managementApi(setting, { ...shared, ...ownDatabase(urls.api) }, this.provider.provider);
    const gateways = ([1, 2] as const).map((number) =>
      gateway(setting, { ...shared, ...ownDatabase(urls.gateway), ...HASTE }, number),
    );
    await Promise.all([api, ...gateways].map((child) => this.#supervisor.start(this.#surrounded(built(child)))));
  }

  async #openLinks(): Promise<void> {
    const { ports } = this.setting;
    for (const name of SERVERS) await this.moveClock(name, 0);
    for (const name of LINKS) {
      const [who, where] = name.split(' to ');
      const link =
        where === 'postgres'
          ? await this.#openDatabaseLink(who ?? '')
          : await Link.open({ port: 0 }, { port: where === 'cloud' ? ports.localCloud : ports[endpointOf(name)] });
      this.links.set(name, link);
      this.#closers.push(() => link.close());
    }
  }

  async #openDatabaseLink(name: string): Promise<Link> {
    const folder = await mkdtemp(join(tmpdir(), 'kmip-link-'));
    this.#closers.push(() => rm(folder, { recursive: true, force: true }));
    this.#socketFolders.set(name, folder);
    return await Link.open({ path: join(folder, SOCKET) }, { path: join(this.#postgres.connection.host, SOCKET) });
  }

  readonly #socketFolders = new Map<string, string>();

  async #openContext(databaseUrl: Secret): Promise<void> {
    const module = SeedModule.forRoot({
      databaseUrl,
      databasePoolSize: 2,
      serviceKeyFile: join(this.folder, 'service-keys'),
      region: this.setting.config.region,
      ...localCloudHosts(this.cloudUrl),
    });
    this.#context = await NestFactory.createApplicationContext(module, quietly());
    this.#closers.push(() => this.#context.close());
  }

  /** The process with the links it uses, and its clock. */
  #surrounded(child: ChildSpecification): ChildSpecification {
    const { name, environment } = child;
    const database = new URL(environment['DATABASE_URL'] ?? '');
    database.pathname = this.#socketFolders.get(name) ?? '';
    const cloud = this.link(`${name as ServerName} to cloud`);
    return {
      ...child,
      environment: {
        ...environment,
        DATABASE_URL: database.href,
        NODE_OPTIONS: `--require ${SURROUNDINGS}`,
        PORT_ROUTES: JSON.stringify({ [this.setting.ports.localCloud]: cloud.port }),
        CLOCK_FILE: this.#clockFile(name),
      },
    };
  }

  #clockFile(name: string): string {
    return join(this.folder, `${name}.clock`);
  }

  #noteEnd(line: string): void {
    const [, name] = /^(\S+) (?:ended|could not be started)/.exec(line) ?? [];
    // The database is tried again until what its dead server held is given back.
    if (name !== undefined && !line.startsWith('postgres could not')) this.ended.push({ name, how: line });
  }
}

/** What is interrupted is looked for often; when it counts as interrupted, the last check says. */
const HASTE = { RECONCILE_EVERY_MS: '200' };

/** Whoever is asked to stop is there again before clients must be whole. */
const SHORT_DRAIN = { DRAIN_TIMEOUT_MS: '2000' };

/** Its log stays small, for the sake of the disk. */
const POSTGRES = ['max_wal_size=64MB', 'min_wal_size=32MB'];

const endpointOf = (name: string): 'kmip1' | 'kmip2' => (name.endsWith('1') ? 'kmip1' : 'kmip2');

async function isListening(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** As it was built, and not as jest translates it. */
function built(child: ChildSpecification): ChildSpecification {
  const app = child.name.replace(/-\d$/, '');
  return { ...child, script: join(process.cwd(), 'dist', 'apps', app, 'src', 'main.js') };
}

function wantedPorts(): Parameters<typeof choosePorts<keyof Setting['ports']>>[1] {
  const any = { variable: '', host: '127.0.0.1', port: 0 };
  const health = { health1: any, health2: any, health3: any };
  return { kmip1: any, kmip2: any, management: any, localCloud: any, localVcenter: any, ...health };
}

/** @throws what is no 2xx, and when nobody answers in time */
export async function askJson<T>(
  url: string,
  method: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<T> {
  const response = await fetch(url, {
    method,
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new RefusedCall(method, url, response.status, text);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

/** It was answered, and not with success. */
export class RefusedCall extends Error {
  constructor(
    method: string,
    url: string,
    readonly status: number,
    text: string,
  ) {
    super(`${method} ${new URL(url).pathname}: ${status} ${text}`);
  }
}
