import { once } from 'node:events';
import { connect as connectTcp, Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, TLSSocket } from 'node:tls';

import { type IssuedCertificate } from '@lib/pki';

/** A client that does exactly what a test says, bad manners included, and waits for events instead of time. */
export class RawPeer {
  #received = Buffer.alloc(0);
  #closed = false;
  #ended = false;
  #error: NodeJS.ErrnoException | undefined;
  #wake: (() => void)[] = [];

  constructor(
    readonly socket: Socket,
    private readonly transport = socket,
  ) {
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#notify();
    });
    socket.on('error', (error) => {
      this.#error ??= error;
      this.#notify();
    });
    socket.on('end', () => {
      this.#ended = true;
      this.#notify();
    });
    socket.on('close', () => {
      this.#closed = true;
      this.#notify();
    });
  }

  /** A TCP connection without TLS. */
  static async tcp(port: number, localAddress?: string): Promise<RawPeer> {
    const socket = connectTcp({ port, host: '127.0.0.1', ...(localAddress === undefined ? {} : { localAddress }) });
    const peer = new RawPeer(socket);
    await once(socket, 'connect');
    return peer;
  }

  /** A TLS connection; the server's certificate is not checked. @throws when the handshake fails. */
  static async tls(port: number, identity?: IssuedCertificate, options: ConnectionOptions = {}): Promise<RawPeer> {
    const transport = options.socket ?? connectTcp({ port, host: '127.0.0.1' });
    const socket = connectTls({
      socket: transport,
      rejectUnauthorized: false,
      ...(identity === undefined ? {} : { cert: identity.certificatePem, key: identity.privateKeyPem.expose() }),
      ...options,
    });
    const peer = new RawPeer(socket, transport instanceof Socket ? transport : socket);
    await once(socket, 'secureConnect');
    return peer;
  }

  /** @throws when the peer speaks plain TCP. */
  get tls(): TLSSocket {
    if (this.socket instanceof TLSSocket) return this.socket;
    throw new Error('this peer speaks no TLS');
  }

  get received(): Buffer {
    return this.#received;
  }

  /** The peer said goodbye in good order (close_notify or FIN). */
  get ended(): boolean {
    return this.#ended;
  }

  get error(): NodeJS.ErrnoException | undefined {
    return this.#error;
  }

  send(bytes: Buffer | string): this {
    this.socket.write(bytes);
    return this;
  }

  /** The next `count` bytes. @throws when the connection ends before they came. */
  async receive(count: number): Promise<Buffer> {
    await this.#until(() => this.#received.length >= count || this.#closed);
    if (this.#received.length < count) throw new Error(`closed after ${this.#received.length} of ${count} bytes`);
    const taken = this.#received.subarray(0, count);
    this.#received = this.#received.subarray(count);
    return taken;
  }

  /** Value of the next message. */
  async receiveMessage(): Promise<string> {
    const header = await this.receive(8);
    return (await this.receive(header.readUInt32BE(4))).toString('latin1');
  }

  /** Resolves when the connection is closed, however. */
  closed(): Promise<void> {
    return this.#until(() => this.#closed);
  }

  /** Loses the connection with a TCP reset, as a crashed or unplugged client does. */
  reset(): void {
    // In a turn of its own: from within a callback of the same event loop the reset can be lost.
    setImmediate(() => this.transport.resetAndDestroy());
  }

  destroy(): void {
    this.socket.destroy();
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const go of wake) go();
  }
}
