import {
  type CloseReason,
  type HandshakeFailure,
  type PeerDescription,
  type TransportLimitName,
  type TransportObserver,
} from '@lib/kmip-transport';

export type TransportEvent =
  | { readonly kind: 'handshake'; readonly peer: PeerDescription }
  | { readonly kind: 'failed'; readonly reason: HandshakeFailure; readonly address: string }
  | { readonly kind: 'closed'; readonly reason: CloseReason; readonly requests: number; readonly peer: PeerDescription }
  | { readonly kind: 'limit'; readonly limit: TransportLimitName }
  | { readonly kind: 'handler'; readonly error: unknown };

/** Remembers what a listener reported, and lets a test wait for the next report instead of sleeping. */
export class RecordingObserver implements TransportObserver {
  readonly events: TransportEvent[] = [];
  #waiters: (() => void)[] = [];

  handshakeCompleted(peer: PeerDescription): void {
    this.#add({ kind: 'handshake', peer });
  }

  handshakeFailed(reason: HandshakeFailure, address: string): void {
    this.#add({ kind: 'failed', reason, address });
  }

  connectionClosed(peer: PeerDescription, reason: CloseReason, requests: number): void {
    this.#add({ kind: 'closed', reason, requests, peer });
  }

  limitReached(limit: TransportLimitName): void {
    this.#add({ kind: 'limit', limit });
  }

  handlerFailed(error: unknown): void {
    this.#add({ kind: 'handler', error });
  }

  /** Resolves with the `count`th event of a kind, past or to come. */
  async next<K extends TransportEvent['kind']>(kind: K, count = 1): Promise<Extract<TransportEvent, { kind: K }>> {
    for (;;) {
      const event = this.all(kind)[count - 1];
      if (event !== undefined) return event;
      await this.#another();
    }
  }

  /** Resolves when what was reported so far fulfils the condition. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#another();
  }

  all<K extends TransportEvent['kind']>(kind: K): readonly Extract<TransportEvent, { kind: K }>[] {
    return this.events.filter((event): event is Extract<TransportEvent, { kind: K }> => event.kind === kind);
  }

  #another(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  #add(event: TransportEvent): void {
    this.events.push(event);
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}
