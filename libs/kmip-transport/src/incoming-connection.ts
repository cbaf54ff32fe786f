import { type Socket } from 'node:net';

import { plainAddress } from './addresses';
import { type HandshakeFailure } from './handler';
import { type PeerOrigin } from './peer';
import { type Place } from './place-gate';

/** An accepted connection until its handshake is over: what it counts for, how long it may take, whom it comes from. */
export class IncomingConnection implements PeerOrigin {
  readonly #timer: NodeJS.Timeout;
  #open = true;
  #remoteAddress: string;
  #remotePort: number;

  constructor(
    readonly socket: Socket,
    readonly connectionId: string,
    readonly place: Place,
    private readonly context: {
      readonly timeoutMs: number;
      readonly onFailure: (reason: HandshakeFailure, remoteAddress: string) => void;
    },
  ) {
    this.#remoteAddress = plainAddress(socket.remoteAddress ?? '');
    this.#remotePort = socket.remotePort ?? 0;
    this.#timer = setTimeout(() => this.fail('timeout'), context.timeoutMs);
    socket.once('close', () => this.fail('closed_by_peer'));
  }

  /** Its handshake is neither complete nor given up. */
  get halfOpen(): boolean {
    return this.#open;
  }

  get remoteAddress(): string {
    return this.#remoteAddress;
  }

  get remotePort(): number {
    return this.#remotePort;
  }

  /** What a trusted balancer says of the client behind it. */
  comesFrom(client: { readonly address: string; readonly port: number }): void {
    this.#remoteAddress = plainAddress(client.address);
    this.#remotePort = client.port;
  }

  /** The handshake is complete: the connection is no longer half open. */
  succeed(): void {
    this.#settle();
  }

  /** Counts only the first reason; what follows is its consequence. */
  fail(reason: HandshakeFailure): void {
    if (!this.#settle()) return;
    this.socket.destroy();
    this.context.onFailure(reason, this.remoteAddress);
  }

  /** Ends the connection without calling it a failure: it was our wish. */
  dismiss(): void {
    this.#settle();
    this.socket.destroy();
  }

  #settle(): boolean {
    const first = this.#open;
    this.#open = false;
    clearTimeout(this.#timer);
    this.place.release();
    return first;
  }
}
