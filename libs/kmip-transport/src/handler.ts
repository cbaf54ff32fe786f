import { type FramingError } from '@lib/kmip-protocol';

import { type TransportLimitName } from './limits';
import { type PeerDescription } from './peer';

/**
 * `owner` names a known client whose connections count together with those of all certificates of the same owner, and
 * `account` with those of all owners of that account.
 * `stranger` is let in to be told why it is refused, within tighter limits, so that strangers cannot take the places of
 * known clients. `refuse` closes at once.
 */
export type Admission =
  'known' | 'stranger' | { readonly owner: string; readonly account?: string } | { readonly refuse: string };

export interface KmipAnswer {
  /** Whole response message. Wiped once it is sent: hand over the only reference. */
  readonly response: Buffer;
  /** Close after the answer. */
  readonly close?: boolean;
  /** Called once, when the answer takes no memory any more: it was sent, or its client has gone. */
  readonly released?: () => void;
}

/** What the listener calls; implemented by the gateway. */
export interface KmipConnectionHandler {
  /** Asked once a connection, without waiting: the answer must be in memory. Without it every client is known. */
  admit?(peer: PeerDescription): Admission;
  /**
   * Answers one request message. Requests of one connection come one after another; those of different connections at
   * the same time. `message` is wiped when the promise settles.
   * @param signal aborted when the connection is lost; a client that only closed its sending side still waits
   */
  handleMessage(message: Buffer, peer: PeerDescription, signal: AbortSignal): Promise<KmipAnswer>;
  /** The stream is not KMIP or a message too long: what to say before the connection is closed, if anything. */
  frameError?(error: FramingError, peer: PeerDescription): Buffer | undefined;
  /**
   * Answers the first request of a client that a limit keeps out; the connection is closed then. `message` is empty where
   * there is no room to hear or to keep it.
   */
  overLimit?(message: Buffer, peer: PeerDescription, limit: TransportLimitName): Buffer;
  /** A connection will not be served, because of admission or a limit; told before {@link overLimit}. */
  refused?(peer: PeerDescription, reason: string): void;
}

export const HANDSHAKE_FAILURES = [
  /** Connected and left, e.g. a balancer's health check. */
  'closed_by_peer',
  'timeout',
  'plain_http',
  'not_tls',
  'unsupported_version',
  'no_shared_cipher',
  /** The client said by an alert that it does not accept the server certificate. */
  'server_certificate_distrusted',
  /** The certificate of the client, or its proof of owning the key, cannot be used. */
  'client_certificate_unusable',
  /** The client ended the handshake by another alert. */
  'rejected_by_peer',
  'proxy_header',
  /** Made room for a newcomer while all places were taken. */
  'crowded_out',
  /** A limit of half-open connections: there is no KMIP yet in which to say so. */
  'over_limit',
  /** The process ends. */
  'draining',
  'other',
] as const;
export type HandshakeFailure = (typeof HANDSHAKE_FAILURES)[number];

export const CLOSE_REASONS = [
  'peer',
  'idle',
  'message_timeout',
  'write_timeout',
  'framing',
  'handler',
  'handler_failed',
  'refused',
  'large_requests',
  'revoked',
  'draining',
  'tls_error',
] as const;
export type CloseReason = (typeof CLOSE_REASONS)[number];

/**
 * For logs and metrics. Must not throw; if it does, the listener goes on. Each accepted connection is told of once in
 * `handshakeCompleted` or `handshakeFailed`, and each completed one once in `connectionClosed`.
 */
export interface TransportObserver {
  handshakeCompleted?(peer: PeerDescription): void;
  handshakeFailed?(reason: HandshakeFailure, remoteAddress: string): void;
  connectionClosed?(peer: PeerDescription, reason: CloseReason, requests: number): void;
  limitReached?(limit: TransportLimitName, remoteAddress: string): void;
  /** The handler rejected, which it never should; the connection is closed. */
  handlerFailed?(error: unknown, peer: PeerDescription): void;
}
