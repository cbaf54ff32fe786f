import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type EmbeddedPostgres, startEmbeddedPostgres } from '@lib/embedded-postgres';
import { handOverDatabase } from '@lib/persistence';
import { socketUrl } from '@lib/platform';
import { Client } from 'pg';

import { RunningService } from '../../e2e/support/running-service';
import { addTenant } from '../../e2e/support/second-tenant';
import { type RelayOrders, type RelayPlace } from '../database-relay';
import { INSPECTED } from './inspector';
import { clientOf, type Target } from './target';

const OWNER = 'kms_owner';

export interface Distance {
  readonly databaseMs: number;
  readonly keyManagerMs: number;
}

/** The product over a database that stands elsewhere: behind a relay that can be slow, on a server that counts statements. */
export class Region {
  private constructor(
    readonly service: RunningService,
    /** As a tenant of its own reaches it. */
    readonly target: Target,
    /** The server's administrator. */
    readonly administrator: Client,
    private readonly relay: ChildProcess,
    private readonly release: () => Promise<void>,
  ) {}

  /** @param options.inspected with the inspectors of its processes open, which cost something themselves */
  static async open({ inspected }: { readonly inspected: boolean }): Promise<Region> {
    const folder = await mkdtemp(join(tmpdir(), 'region-'));
    // Root runs the database under another account, which has to get there.
    await chmod(folder, 0o755);
    const closers: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
    const release = async (): Promise<void> => {
      for (const close of closers.toReversed()) await close();
    };
    try {
      const postgres = await startPostgres(join(folder, 'postgres'));
      closers.push(() => postgres.stop());
      const administrator = new Client({ ...postgres.connection });
      await administrator.connect();
      closers.push(() => administrator.end());
      await administrator.query('CREATE EXTENSION pg_stat_statements');
      const relay = await startRelay(folder, postgres.connection.host);
      closers.push(() => end(relay));
      const service = await RunningService.start({
        environment: { LOG_LEVEL: 'warn', ...(await owner(postgres, folder)), ...(inspected ? INSPECTED : {}) },
      });
      closers.push(() => service.remove());
      const target = await tenantOf(service, postgres.pid);
      return new Region(service, target, administrator, relay, release);
    } catch (error) {
      await release();
      throw error;
    }
  }

  /** Each answer of the database, and each of the key manager, takes so much longer. */
  async slowDown({ databaseMs, keyManagerMs }: Distance): Promise<void> {
    this.#order({ delayMs: databaseMs });
    await this.service.localCloud('POST', '/faults', {
      match: { service: 'kms' },
      effect: { kind: 'delay', milliseconds: keyManagerMs },
    });
  }

  /** Turns from asking the database to its answer, since the start. */
  async roundTrips(): Promise<number> {
    this.#order({ report: true });
    const [count] = (await once(this.relay, 'message')) as [number];
    return count;
  }

  close(): Promise<void> {
    return this.release();
  }

  #order(orders: RelayOrders): void {
    this.relay.send(orders);
  }
}

async function startPostgres(dataFolder: string): Promise<EmbeddedPostgres> {
  return await startEmbeddedPostgres({
    dataFolder,
    log: () => undefined,
    settings: ['shared_preload_libraries=pg_stat_statements'],
  });
}

async function startRelay(listen: string, forward: string): Promise<ChildProcess> {
  const relay = fork(join(__dirname, '..', 'database-relay.js'));
  relay.send({ listen, forward } satisfies RelayPlace);
  await once(relay, 'message');
  return relay;
}

async function end(relay: ChildProcess): Promise<void> {
  const ended = once(relay, 'exit');
  relay.disconnect();
  await ended;
}

/** The product makes its processes' logins itself, by that of the owner. */
async function owner({ connection }: EmbeddedPostgres, host: string): Promise<Record<string, string>> {
  const login = { user: OWNER, password: randomUUID() };
  await handOverDatabase(connection, login);
  return { DATABASE_URL: socketUrl({ host, database: connection.database, ...login }) };
}

async function tenantOf(service: RunningService, postgres: number): Promise<Target> {
  const { identity, connect } = await addTenant(service, 'bench');
  for (const endpoint of [0, 1]) await (await connect(endpoint)).close();
  const { ports, serverCa } = service.connection.kmip;
  return {
    name: 'region',
    ports,
    client: clientOf(identity.certificatePem, identity.privateKeyPem.exposeText(), await readFile(serverCa, 'utf8')),
    processes: () => ({ postgres, ...service.connection.processes }),
  };
}
