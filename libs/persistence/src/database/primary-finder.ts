import { Socket } from 'node:net';

import { Client, type ClientConfig } from 'pg';

/** A database server of a cluster. */
export interface DatabaseServer {
  readonly host: string;
  readonly port: number;
}

/** What a server that takes writes says of itself. */
interface Primary {
  readonly server: DatabaseServer;
  /** Another one after the catalog was read into a new cluster. */
  readonly system: string;
  /** Higher with each promotion: of two that both take writes the higher one has replaced the other. */
  readonly timeline: number;
}

/** Within LIMITS.connectMs, with time left to connect. */
const ASK_MS = 1_000;
/** How long others are waited for when one has said that it is the primary: a later promotion may be among them. */
const GRACE_MS = 300;
/** All connections of a pool that broke together ask once. */
const KEPT_MS = 500;
const WATCH_MS = 5_000;

const QUESTION = `SELECT system_identifier::text AS system,
    CASE WHEN pg_is_in_recovery() THEN NULL ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END AS timeline
  FROM pg_control_system()`;

/**
 * Leads connections to the server that takes writes. All are asked at the same time; a former primary that goes on,
 * because nobody could stop it, is told by its timeline: nothing new connects to it, and what is connected is cut.
 */
export class PrimaryFinder {
  readonly #sockets = new Map<Socket, DatabaseServer>();
  #finding: Promise<DatabaseServer> | undefined;
  #newest: Primary | undefined;
  #watch: NodeJS.Timeout | undefined;

  /** @param clientOf how to connect to one of them */
  constructor(
    private readonly servers: readonly DatabaseServer[],
    private readonly clientOf: (server: DatabaseServer) => ClientConfig,
  ) {}

  /** For the driver: not connected yet, and the address that it is told to connect to does not matter. */
  socket(): Socket {
    return new PrimarySocket(this);
  }

  /** @throws Error when none of the servers is the primary */
  find(): Promise<DatabaseServer> {
    if (this.#finding === undefined) {
      this.#finding = this.#find();
      const forget = (): void => {
        this.#finding = undefined;
      };
      this.#finding.then(() => setTimeout(forget, KEPT_MS).unref(), forget);
    }
    return this.#finding;
  }

  /** What is connected to a server that was replaced is cut. */
  watch(socket: Socket, server: DatabaseServer): void {
    this.#sockets.set(socket, server);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      if (this.#sockets.size > 0) return;
      clearInterval(this.#watch);
      this.#watch = undefined;
    });
    this.#watch ??= setInterval(() => void this.find().catch(() => undefined), WATCH_MS).unref();
  }

  async #find(): Promise<DatabaseServer> {
    const { primaries, others } = await this.#ask();
    const known = primaries.filter((each) => !this.#wasReplaced(each));
    const [newest] = known.sort((one, other) => other.timeline - one.timeline);
    if (newest === undefined) {
      throw new NoPrimary([...others, ...primaries.map(({ server }) => `${nameOf(server)} was replaced`)]);
    }
    this.#newest = newest;
    for (const [socket, server] of this.#sockets) {
      if (server !== newest.server) socket.destroy(new NoPrimary([`${nameOf(server)} was replaced`]));
    }
    return newest.server;
  }

  /** It goes on, and the one that replaced it does not answer at the moment. */
  #wasReplaced({ system, timeline }: Primary): boolean {
    return system === this.#newest?.system && timeline < this.#newest.timeline;
  }

  #ask(): Promise<{ readonly primaries: Primary[]; readonly others: readonly string[] }> {
    return new Promise((resolve) => {
      const primaries: Primary[] = [];
      const others: string[] = [];
      const done = (): void => {
        resolve({ primaries, others });
      };
      const asked = this.servers.map(async (server) => {
        try {
          const primary = await ask(server, this.clientOf(server));
          if (primary === undefined) others.push(`${nameOf(server)} is a standby`);
          else {
            primaries.push(primary);
            if (!this.#wasReplaced(primary)) setTimeout(done, GRACE_MS).unref();
          }
        } catch (error) {
          others.push(`${nameOf(server)}: ${error instanceof Error ? error.message : String(error)}`);
        }
      });
      void Promise.all(asked).then(done);
    });
  }
}

const nameOf = ({ host, port }: DatabaseServer): string => `${host}:${port}`;

/** None of the database servers takes writes, as far as they answer. */
class NoPrimary extends Error {
  constructor(reasons: readonly string[]) {
    super(`none of the database servers is the primary (${reasons.join('; ')})`);
    this.name = 'NoPrimary';
  }
}

class PrimarySocket extends Socket {
  constructor(private readonly finder: PrimaryFinder) {
    super();
  }

  override connect(): this {
    this.finder.find().then(
      (server) => {
        if (this.destroyed) return;
        this.finder.watch(this, server);
        super.connect(server.port, server.host);
      },
      (error: unknown) => this.destroy(error as Error),
    );
    return this;
  }
}

/** @returns undefined for a standby. A server that hangs keeps no connection. */
async function ask(server: DatabaseServer, config: ClientConfig): Promise<Primary | undefined> {
  const socket = new Socket();
  const timer = setTimeout(() => socket.destroy(new Error('no answer in time')), ASK_MS);
  const client = new Client({ ...config, stream: () => socket });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ system: string; timeline: string | null }>(QUESTION);
    await client.end();
    const [row] = rows;
    if (row === undefined || row.timeline === null) return undefined;
    return { server, system: row.system, timeline: Number.parseInt(row.timeline, 16) };
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}
