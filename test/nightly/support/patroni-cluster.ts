import { type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Client } from 'pg';

import { until } from '../../e2e/support/running-service';
import { freeze } from '../../e2e/support/stopped-process';
import { end, example, freePorts, Workplace } from './processes';

const FORMED_WITHIN_MS = 180_000;
/** Patroni's ttl, and room for a busy machine. */
const PROMOTED_WITHIN_MS = 60_000;
const OWNER = 'kmip_owner';
const PASSWORD = 'of-a-test-cluster';

interface Node {
  readonly name: string;
  readonly port: number;
  readonly api: number;
  patroni: ChildProcess | undefined;
}

interface Member {
  readonly name: string;
  readonly role: string;
  readonly state: string;
}

/** Two PostgreSQL servers of which Patroni makes one the synchronous standby of the other, by the operators' example. */
export class PatroniCluster {
  private constructor(
    readonly workplace: Workplace,
    private readonly nodes: readonly [Node, Node],
    private readonly etcd: string,
  ) {}

  static async start(): Promise<PatroniCluster> {
    const workplace = await Workplace.make();
    const [client = 0, peer = 0, a = 0, apiOfA = 0, b = 0, apiOfB = 0] = await freePorts(6);
    const nodes = [
      { name: 'a', port: a, api: apiOfA, patroni: undefined },
      { name: 'b', port: b, api: apiOfB, patroni: undefined },
    ] satisfies [Node, Node];
    const cluster = new PatroniCluster(workplace, nodes, `127.0.0.1:${client}`);
    workplace.run('etcd', 'etcd', ...etcdArguments(join(workplace.folder, 'etcd'), client, peer));
    try {
      for (const node of nodes) await cluster.#begin(node);
      await cluster.isWhole();
      const admin = await cluster.connect(await cluster.leader(), 'postgres');
      await admin.query(`CREATE ROLE ${OWNER} LOGIN CREATEROLE PASSWORD '${PASSWORD}'`);
      await admin.query(`CREATE DATABASE kmip OWNER ${OWNER}`);
      await admin.end();
    } catch (error) {
      const logs = await Promise.all(['etcd', 'a', 'b'].map((name) => workplace.log(name)));
      await cluster.remove();
      throw new Error(logs.map((log) => log.slice(-3_000)).join('\n---\n'), { cause: error });
    }
    return cluster;
  }

  /** As libpq has it. */
  get url(): string {
    const hosts = this.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',');
    return `postgres://${OWNER}:${PASSWORD}@${hosts}/kmip?target_session_attrs=read-write`;
  }

  /** With HAProxy, by the example, as the one address. */
  async haproxyUrl(): Promise<string> {
    const [port = 0] = await freePorts(1);
    const [a, b] = this.nodes;
    const config = await example('haproxy.cfg', {
      '10.0.0.4:5000': `127.0.0.1:${port}`,
      '10.0.0.1:5432 check port 8008': `127.0.0.1:${a.port} check port ${a.api}`,
      '10.0.0.2:5432 check port 8008': `127.0.0.1:${b.port} check port ${b.api}`,
    });
    this.workplace.run('haproxy', 'haproxy', '-db', '-f', await this.workplace.write('haproxy.cfg', config));
    return `postgres://${OWNER}:${PASSWORD}@127.0.0.1:${port}/kmip`;
  }

  /** As the server's administrator, past everybody. */
  async connect(node: string, database = 'kmip'): Promise<Client> {
    const client = new Client({
      host: '127.0.0.1',
      port: this.#node(node).port,
      user: 'postgres',
      password: PASSWORD,
      database,
    });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  /** Who leads, as Patroni says. */
  async leader(other?: string): Promise<string> {
    let leader = '';
    await until(`there is a leader other than ${other ?? 'none'}`, PROMOTED_WITHIN_MS, async () => {
      const members = await this.#members();
      const found = members.find(({ name, role, state }) => role === 'leader' && state === 'running' && name !== other);
      leader = found?.name ?? '';
      return leader !== '';
    });
    return leader;
  }

  /** One leads and the other has everything. */
  async isWhole(): Promise<void> {
    await until('the cluster is whole', FORMED_WITHIN_MS, async () => {
      const roles = (await this.#members()).filter(({ state }) => state === 'running').map(({ role }) => role);
      return roles.includes('leader') && roles.includes('sync_standby');
    });
  }

  /** As when its machine loses power. */
  async kill(name: string): Promise<void> {
    const postmaster = await this.#postmaster(name);
    await this.killPatroni(name);
    process.kill(postmaster, 'SIGKILL');
  }

  /** Nobody watches over its PostgreSQL any more, which goes on. */
  async killPatroni(name: string): Promise<void> {
    const { patroni } = this.#node(name);
    if (patroni !== undefined) await end(patroni, 'SIGKILL');
  }

  /** Connections to it hang. @returns how to let it go on */
  async freeze(name: string): Promise<() => void> {
    const { patroni } = this.#node(name);
    const resume = [await freeze(patroni?.pid ?? 0), await freeze(await this.#postmaster(name))];
    return () => {
      for (const each of resume) each();
    };
  }

  async begin(name: string): Promise<void> {
    await this.#begin(this.#node(name));
  }

  async remove(): Promise<void> {
    const postmasters = await Promise.all(this.nodes.map(({ name }) => this.#postmaster(name).catch(() => 0)));
    for (const { patroni } of this.nodes) if (patroni !== undefined) await end(patroni, 'SIGKILL');
    for (const pid of postmasters) if (pid > 0 && isAlive(pid)) process.kill(pid, 'SIGQUIT');
    await this.workplace.remove();
  }

  #node(name: string): Node {
    const node = this.nodes.find((each) => each.name === name);
    if (node === undefined) throw new Error(`no server ${name}`);
    return node;
  }

  async #begin(node: Node): Promise<void> {
    const { folder } = this.workplace;
    const text = await example('patroni.yml', {
      'name: db1': `name: ${node.name}`,
      '10.0.0.1:8008': `127.0.0.1:${node.api}`,
      '10.0.0.1:2379,10.0.0.2:2379,10.0.0.3:2379': this.etcd,
      '10.0.0.1:5432': `127.0.0.1:${node.port}`,
      '/var/lib/postgresql/15/kmip': join(folder, node.name),
      '/var/lib/postgresql/patroni.pgpass': join(folder, `${node.name}.pgpass`),
      '/var/run/postgresql': folder,
      '10.0.0.0/24': '127.0.0.1/32',
      hostssl: 'host',
      'CHANGE-superuser': PASSWORD,
      'CHANGE-replicator': PASSWORD,
      'mode: automatic': "mode: 'off'",
    });
    node.patroni = this.workplace.run(node.name, 'patroni', await this.workplace.write(`${node.name}.yml`, text));
  }

  async #postmaster(name: string): Promise<number> {
    const [pid] = (await readFile(join(this.workplace.folder, name, 'postmaster.pid'), 'utf8')).split('\n');
    return Number(pid);
  }

  /** As the first Patroni that answers says. */
  async #members(): Promise<readonly Member[]> {
    const asked = this.nodes.map(async ({ api }) => {
      const response = await fetch(`http://127.0.0.1:${api}/cluster`, { signal: AbortSignal.timeout(2_000) });
      return ((await response.json()) as { members: Member[] }).members;
    });
    return await Promise.any(asked).catch(() => []);
  }
}

function etcdArguments(folder: string, client: number, peer: number): readonly string[] {
  const [clients, peers] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`];
  return [
    ...['--name', 'one', '--data-dir', folder, '--listen-client-urls', clients, '--advertise-client-urls', clients],
    ...['--listen-peer-urls', peers, '--initial-advertise-peer-urls', peers, '--initial-cluster', `one=${peers}`],
  ];
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
