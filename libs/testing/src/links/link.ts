import { createConnection, createServer, type Server, type Socket } from 'node:net';

/** Where one end of a link is: a port of 127.0.0.1, or the path of a Unix socket. */
export type LinkEnd = { readonly port: number } | { readonly path: string };

/** `there`: from who connected to what he connected to. */
export type LinkDirection = 'there' | 'back';

/** What becomes of bytes: `hurt` passes half of them and then cuts; of `last` the other side has all, and no answer comes. */
export type ChunkFate = 'pass' | 'lose' | 'cut' | 'hurt' | 'last';

/** Asked about each chunk as it comes in. `connection` tells those of one connection from those of others. */
export type LinkJudge = (chunk: Buffer, direction: LinkDirection, connection: object) => ChunkFate;

/**
 * A stretch of network between two processes that can be as bad as networks are. Set its conditions at any time; they
 * hold for open connections and for new ones.
 */
export class Link {
  /** Each chunk in that direction arrives so much later, in order. */
  readonly delayMs: Record<LinkDirection, number> = { there: 0, back: 0 };
  readonly #held = new Set<LinkDirection>();
  readonly #hurting = new Set<LinkDirection>();
  readonly #connections = new Set<Connection>();
  #refusing = false;

  private constructor(
    private readonly server: Server,
    readonly listen: LinkEnd,
    private readonly forward: LinkEnd,
    private readonly judge: LinkJudge,
  ) {
    server.on('connection', (client) => this.#connect(client));
  }

  /** @param listen port 0 for any */
  static async open(listen: LinkEnd, forward: LinkEnd, judge: LinkJudge = () => 'pass'): Promise<Link> {
    // Who has said all he has to say may still listen.
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen('port' in listen ? { host: '127.0.0.1', port: listen.port } : listen, resolve);
    });
    const address = server.address();
    const at = typeof address === 'object' && address !== null ? { port: address.port } : listen;
    return new Link(server, at, forward, judge);
  }

  /** 0 when it is a Unix socket. */
  get port(): number {
    return 'port' in this.listen ? this.listen.port : 0;
  }

  /** Bytes and ends of connections wait, as they do while packets are lost and sent again; `mend` lets them arrive. */
  hold(...directions: readonly LinkDirection[]): void {
    for (const direction of directions) this.#held.add(direction);
  }

  holds(direction: LinkDirection): boolean {
    return this.#held.has(direction);
  }

  /** The next chunk in each direction is torn in the middle, and its connection with it. */
  hurt(): void {
    this.#hurting.add('there').add('back');
  }

  fateOf(chunk: Buffer, direction: LinkDirection, connection: object): ChunkFate {
    return this.#hurting.delete(direction) ? 'hurt' : this.judge(chunk, direction, connection);
  }

  /** Ends what is open; nothing can be opened until it is mended. */
  refuse(): void {
    this.#refusing = true;
    this.cut();
  }

  cut(): void {
    for (const connection of this.#connections) connection.cut();
  }

  /** Who connected finds his connections reset; the other side hears nothing of it before it is mended. */
  orphan(): void {
    for (const connection of this.#connections) connection.orphan();
  }

  /** What waited arrives, and what one side knows to be over ends for the other. */
  mend(): void {
    this.#refusing = false;
    this.delayMs.there = 0;
    this.delayMs.back = 0;
    this.#held.clear();
    this.#hurting.clear();
    for (const connection of this.#connections) connection.goOn();
  }

  async close(): Promise<void> {
    this.refuse();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #connect(client: Socket): void {
    if (this.#refusing) {
      client.on('error', () => undefined);
      reset(client);
      return;
    }
    const server = createConnection({ ...this.forward, allowHalfOpen: true });
    const connection = new Connection(this, client, server, () => this.#connections.delete(connection));
    this.#connections.add(connection);
  }
}

/** A Unix socket knows no reset: its peer finds the end. */
function reset(socket: Socket): void {
  if (socket.remoteAddress === undefined) socket.destroy();
  else socket.resetAndDestroy();
}

class Connection {
  readonly #ways: readonly Way[];
  #isOrphaned = false;

  constructor(
    link: Link,
    private readonly client: Socket,
    private readonly server: Socket,
    ended: () => void,
  ) {
    this.#ways = [new Way(link, 'there', client, server, this), new Way(link, 'back', server, client, this)];
    for (const socket of [client, server]) {
      socket.on('close', () => {
        if (client.destroyed && server.destroyed) ended();
      });
    }
  }

  cut(): void {
    for (const way of this.#ways) way.forget();
    this.client.destroy();
    this.server.destroy();
  }

  orphan(): void {
    this.#isOrphaned = true;
    for (const way of this.#ways) way.forget();
    reset(this.client);
  }

  goOn(): void {
    if (this.#isOrphaned) this.cut();
    else for (const way of this.#ways) way.flush();
  }
}

interface Sent {
  readonly what: Buffer | 'end' | 'reset';
  readonly dueMs: number;
}

/** One direction of one connection. */
class Way {
  #waiting: Sent[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isDeaf = false;

  constructor(
    private readonly link: Link,
    private readonly direction: LinkDirection,
    from: Socket,
    private readonly to: Socket,
    private readonly connection: Connection,
  ) {
    from.on('data', (chunk) => this.#receive(chunk));
    from.on('end', () => this.#send('end'));
    from.on('error', () => this.#send('reset'));
  }

  /** Nothing that still waits, or still comes, is passed on. */
  forget(): void {
    this.#isDeaf = true;
    this.#waiting = [];
    clearTimeout(this.#timer);
  }

  flush(): void {
    clearTimeout(this.#timer);
    while (!this.link.holds(this.direction)) {
      const [next] = this.#waiting;
      if (next === undefined) return;
      const inMs = next.dueMs - performance.now();
      if (inMs > 0) {
        this.#timer = setTimeout(() => this.flush(), inMs);
        return;
      }
      this.#waiting.shift();
      this.#deliver(next.what);
    }
  }

  #receive(chunk: Buffer): void {
    if (this.#isDeaf) return;
    const fate = this.link.fateOf(chunk, this.direction, this.connection);
    if (fate === 'lose') return;
    if (fate === 'cut') {
      this.connection.cut();
      return;
    }
    if (fate === 'pass') {
      this.#send(chunk);
      return;
    }
    this.forget();
    this.to.write(fate === 'hurt' ? chunk.subarray(0, Math.ceil(chunk.length / 2)) : chunk, () =>
      this.connection.cut(),
    );
  }

  #send(what: Sent['what']): void {
    if (this.#isDeaf) return;
    const afterMs = performance.now() + this.link.delayMs[this.direction];
    this.#waiting.push({ what, dueMs: Math.max(afterMs, this.#waiting.at(-1)?.dueMs ?? 0) });
    this.flush();
  }

  #deliver(what: Sent['what']): void {
    if (what === 'reset') this.connection.cut();
    else if (what === 'end') this.to.end();
    else if (this.to.writable) this.to.write(what);
  }
}
