import { type Socket } from 'node:net';

import { type CertificateFingerprint } from '@lib/kernel';

import { plainAddress } from './addresses';
import { type HandshakeFailure } from './handler';
import { type HandshakeTurn } from './handshake-queue';
import { type PeerOrigin } from './peer';
import { type Place } from './place-gate';

/** An accepted connection until its handshake is over: what it counts for, how long it may take, whom it comes from. */
export class IncomingConnection implements Omit<PeerOrigin, 'serverFingerprint'> {
  /** What its handshake presents, once that has begun. */
  serverFingerprint: CertificateFingerprint | undefined;
  #timer: NodeJS.Timeout;
  #timedSince: number;
  #leftMs: number;
  #open = true;
  #silent = true;
  #turn: HandshakeTurn | undefined;
  #remoteAddress: string;
  #remotePort: number;

  constructor(
    readonly socket: Socket,
    readonly connectionId: string,
    readonly place: Place,
    private readonly context: {
      readonly timeoutMs: number;
      readonly queueTimeoutMs: number;
      readonly onFailure: (reason: HandshakeFailure, remoteAddress: string) => void;
    },
  ) {
    this.#remoteAddress = plainAddress(socket.remoteAddress ?? '');
    this.#remotePort = socket.remotePort ?? 0;
    this.#leftMs = context.timeoutMs;
    this.#timedSince = performance.now();
    this.#timer = this.#timeout(this.#leftMs);
    socket.once('close', () => this.fail('closed_by_peer'));
  }

  /** Its handshake is neither complete nor given up. */
  get halfOpen(): boolean {
    return this.#open;
  }

  /** It has not sent a byte of its handshake yet. */
  get silent(): boolean {
    return this.#silent;
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

  /** Calls back when the client has begun to speak, or never: silence takes no turn from others. */
  spoken(then: () => void): void {
    const { socket } = this;
    const onReadable = (): void => {
      socket.removeListener('readable', onReadable);
      // The end of a stream is readable too.
      if (socket.readableLength === 0) {
        this.fail('closed_by_peer');
        return;
      }
      this.#silent = false;
      then();
    };
    // What came behind a balancer's header lies there already.
    if (socket.readableLength > 0) onReadable();
    else socket.on('readable', onReadable);
  }

  /** It waits for its turn: that is no fault of its client. */
  queue(enter: (begin: () => void) => HandshakeTurn, begin: () => void): void {
    this.#leftMs -= performance.now() - this.#timedSince;
    clearTimeout(this.#timer);
    this.#timer = this.#timeout(this.context.queueTimeoutMs);
    const turn = enter(() => {
      clearTimeout(this.#timer);
      this.#timer = this.#timeout(this.#leftMs);
      begin();
    });
    // Beginning may have ended it.
    if (this.#open) this.#turn = turn;
    else turn.end();
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

  #timeout(afterMs: number): NodeJS.Timeout {
    return setTimeout(() => this.fail('timeout'), afterMs);
  }

  #settle(): boolean {
    const first = this.#open;
    this.#open = false;
    clearTimeout(this.#timer);
    this.place.release();
    this.#turn?.end();
    return first;
  }
}
