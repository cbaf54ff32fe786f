import {
  type CloseReason,
  type HandshakeFailure,
  type PeerDescription,
  type TransportLimitName,
  type TransportObserver,
} from '@lib/kmip-transport';

/** Tells several observers of one listener. */
export class TransportObservers implements TransportObserver {
  readonly #observers: readonly TransportObserver[];

  constructor(...observers: readonly TransportObserver[]) {
    this.#observers = observers;
  }

  handshakeCompleted(peer: PeerDescription): void {
    for (const observer of this.#observers) observer.handshakeCompleted?.(peer);
  }

  handshakeFailed(reason: HandshakeFailure, remoteAddress: string): void {
    for (const observer of this.#observers) observer.handshakeFailed?.(reason, remoteAddress);
  }

  connectionClosed(peer: PeerDescription, reason: CloseReason, requests: number): void {
    for (const observer of this.#observers) observer.connectionClosed?.(peer, reason, requests);
  }

  limitReached(limit: TransportLimitName, remoteAddress: string): void {
    for (const observer of this.#observers) observer.limitReached?.(limit, remoteAddress);
  }

  handlerFailed(error: unknown, peer: PeerDescription): void {
    for (const observer of this.#observers) observer.handlerFailed?.(error, peer);
  }
}
