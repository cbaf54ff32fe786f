import { type TLSSocket } from 'node:tls';

import { MessageFramer } from '@lib/kmip-protocol';

import { type CloseReason, type KmipConnectionHandler, type TransportObserver } from './handler';
import { type LargeRequestAccount } from './large-requests';
import { type TransportLimitName, type TransportLimits } from './limits';
import { type PeerDescription } from './peer';

export interface ConnectionContext {
  readonly handler: KmipConnectionHandler;
  readonly observer: TransportObserver;
  readonly limits: TransportLimits;
  readonly idleTimeoutMs: number;
  readonly maximumMessageBytes: number;
  readonly memory: LargeRequestAccount;
}

/** What is said when nothing more is served. */
interface LastWord {
  readonly reason: CloseReason;
  readonly answer: () => Buffer | undefined;
}

/** One for all: by default each abort makes an exception with a stack of its own, once for every connection. */
const CLIENT_GONE = new Error('the client has gone');

/**
 * One client after its handshake. Requests are answered one at a time and in order. While a request is being answered
 * the socket is read only until something arrives, which shows a client that goes away but takes in no second request.
 */
export class KmipConnection {
  /** Resolves when everything about the connection is over. */
  readonly closed: Promise<void>;
  #framer: MessageFramer;
  readonly #gone = new AbortController();
  #waiting: Buffer[] = [];
  #lastWord: LastWord | undefined;
  #busy = false;
  #ending = false;
  #draining = false;
  #peerEnded = false;
  #requests = 0;
  #servedBytes = 0;
  #closeReason: CloseReason | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerReason: CloseReason | undefined;

  constructor(
    private readonly socket: TLSSocket,
    readonly peer: PeerDescription,
    private readonly context: ConnectionContext,
  ) {
    this.#framer = new MessageFramer({ maximumMessageBytes: context.maximumMessageBytes });
    socket.on('error', (error: NodeJS.ErrnoException) => this.#onError(error));
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#onClose();
        resolve();
      });
    });
  }

  start(): void {
    this.socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    this.socket.once('end', () => this.#onEnd());
    this.#awaitRequest();
  }

  /** Instead of {@link start}, where there is no room even to hear a request: its answer is there before it. */
  turnAway(limit: TransportLimitName): void {
    void this.#sayLast(this.#overLimit(limit, 'refused'));
  }

  /** Closes once nothing is under way: at once when idle, after the answer when not. */
  drain(): void {
    this.#draining = true;
    if (!this.#busy && this.#framer.pendingBytes === 0) this.end('draining');
  }

  /** Orderly end: what was written is still delivered, the TLS session is closed, and nothing more is read. */
  end(reason: CloseReason): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#closeReason ??= reason;
    this.socket.end();
    // Reading on keeps unread bytes from turning our last answer into a reset at the client.
    this.socket.resume();
    this.#arm(this.context.limits.lingerMs, reason);
  }

  destroy(reason: CloseReason): void {
    this.#closeReason ??= reason;
    this.socket.destroy();
  }

  #onData(chunk: Buffer): void {
    if (!this.#ending && this.#lastWord === undefined) this.#takeIn(chunk);
    // The framer has its copy; a request may carry a key.
    chunk.fill(0);
    if (this.#ending) return;
    if (!this.#account()) this.#dropLarge();
    if (this.#busy) this.socket.pause();
    else this.#advance();
  }

  #takeIn(chunk: Buffer): void {
    const { messages, refusal } = this.#framer.push(chunk);
    this.#waiting.push(...messages);
    if (refusal === undefined) return;
    const { handler } = this.context;
    this.#lastWord = { reason: 'framing', answer: () => handler.frameError?.(refusal, this.peer) };
  }

  /** What there is no memory for is not kept; its client is told, behind the answer to what is being served. */
  #dropLarge(): void {
    this.#notify(() => this.context.observer.limitReached?.('large_requests', this.peer.remoteAddress));
    this.#framer = new MessageFramer();
    this.#forgetWaiting();
    this.#account();
    this.#lastWord = this.#overLimit('large_requests', 'large_requests');
  }

  #overLimit(limit: TransportLimitName, reason: CloseReason): LastWord {
    return { reason, answer: () => this.context.handler.overLimit?.(Buffer.alloc(0), this.peer, limit) };
  }

  #forgetWaiting(): void {
    for (const message of this.#waiting) message.fill(0);
    this.#waiting = [];
  }

  #onEnd(): void {
    this.#peerEnded = true;
    // A client that closed its side after a request still gets the answer.
    if (!this.#busy) this.end('peer');
  }

  #advance(): void {
    if (this.#ending || this.socket.destroyed) return;
    const message = this.#waiting.shift();
    if (message !== undefined) void this.#serve(message);
    else if (this.#lastWord !== undefined) void this.#sayLast(this.#lastWord);
    else if (this.#peerEnded) this.end('peer');
    else if (this.#draining && this.#framer.pendingBytes === 0) this.end('draining');
    else this.#awaitRequest();
  }

  /** The time for a message runs from its first byte; later bytes do not extend it. */
  #awaitRequest(): void {
    const reason: CloseReason = this.#framer.pendingBytes > 0 ? 'message_timeout' : 'idle';
    if (this.#timerReason !== reason) {
      this.#arm(reason === 'idle' ? this.context.idleTimeoutMs : this.context.limits.messageTimeoutMs, reason);
    }
    this.socket.resume();
  }

  /** @returns false when there is no memory for what has arrived */
  #account(): boolean {
    const { destroyed } = this.socket;
    const arrived = destroyed ? 0 : this.#waiting.reduce((sum, { length }) => sum + length, this.#framer.pendingBytes);
    // What is being served takes memory until it is done, whether or not its client still waits.
    return this.context.memory.hold(arrived + this.#servedBytes);
  }

  async #serve(message: Buffer): Promise<void> {
    this.#busy = true;
    this.#servedBytes = message.length;
    this.#requests += 1;
    this.#disarm();
    const next = await this.#exchange(message);
    message.fill(0);
    this.#servedBytes = 0;
    this.#account();
    if (next === 'failed') return;
    this.#busy = false;
    if (next === 'close') this.end('handler');
    else this.#advance();
  }

  async #exchange(message: Buffer): Promise<'go on' | 'close' | 'failed'> {
    try {
      const answer = await this.context.handler.handleMessage(message, this.peer, this.#gone.signal);
      const { response, close, released } = answer;
      await this.#send(response).finally(released);
      return close === true ? 'close' : 'go on';
    } catch (error) {
      this.#fail(error);
      return 'failed';
    }
  }

  async #sayLast({ reason, answer }: LastWord): Promise<void> {
    this.#busy = true;
    this.#disarm();
    try {
      const bytes = answer();
      if (bytes !== undefined) await this.#send(bytes);
      this.end(reason);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#notify(() => this.context.observer.handlerFailed?.(error, this.peer));
    this.destroy('handler_failed');
  }

  /** Resolves when the bytes have left for the network or never will, and wipes them: they may hold a key. */
  async #send(bytes: Buffer): Promise<void> {
    if (!this.socket.destroyed) {
      this.#arm(this.context.limits.writeTimeoutMs, 'write_timeout');
      await new Promise<void>((resolve) => {
        const done = (): void => {
          this.socket.removeListener('close', done);
          resolve();
        };
        this.socket.once('close', done);
        this.socket.write(bytes, done);
      });
      this.#disarm();
    }
    bytes.fill(0);
  }

  #onError(error: NodeJS.ErrnoException): void {
    const gone = error.code === 'ECONNRESET' || error.code === 'EPIPE';
    // Node leaves a connection open whose records cannot be read any more.
    this.destroy(gone ? 'peer' : 'tls_error');
  }

  #onClose(): void {
    this.#ending = true;
    this.#disarm();
    this.#forgetWaiting();
    this.#gone.abort(CLIENT_GONE);
    this.#account();
    this.#notify(() =>
      this.context.observer.connectionClosed?.(this.peer, this.#closeReason ?? 'peer', this.#requests),
    );
  }

  #arm(afterMs: number, reason: CloseReason): void {
    this.#disarm();
    this.#timerReason = reason;
    this.#timer = setTimeout(() => this.#onTimeout(reason), afterMs);
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timerReason = undefined;
  }

  /** An idle client is told goodbye; one that is late or does not read has no use for it. */
  #onTimeout(reason: CloseReason): void {
    if (reason === 'idle' && !this.#ending) this.end('idle');
    else this.destroy(reason);
  }

  #notify(tell: () => void): void {
    try {
      tell();
    } catch {
      // Whoever watches must not be able to stop the service.
    }
  }
}
