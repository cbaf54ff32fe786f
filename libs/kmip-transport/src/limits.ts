import { DEFAULT_MAXIMUM_MESSAGE_BYTES } from '@lib/kmip-protocol';

/** How long the listener waits and how much it lets in. */
export interface TransportLimits {
  /** From the accepted connection to the end of the TLS handshake, PROXY header included. */
  readonly handshakeTimeoutMs: number;
  /** For a whole request, counted from its first byte. */
  readonly messageTimeoutMs: number;
  /** For the client to take an answer. */
  readonly writeTimeoutMs: number;
  /** Without a request, for clients the handler knows. */
  readonly idleTimeoutMs: number;
  /** Without a request, for clients it does not know: they only come to learn why they are refused. */
  readonly strangerIdleTimeoutMs: number;
  /** For the client to read a last answer before the connection is cut. */
  readonly lingerMs: number;
  readonly maximumMessageBytes: number;
  /** Strangers are only told why they are refused; nothing they send needs more. */
  readonly maximumStrangerMessageBytes: number;
  /** Large requests of all connections together; small ones are not counted. See {@link LargeRequests}. */
  readonly maximumLargeRequestBytes: number;
  readonly maximumConnections: number;
  readonly maximumHalfOpen: number;
  readonly maximumHalfOpenPerAddress: number;
  /** Handshakes that are computed at the same time; others wait for their turn. */
  readonly maximumHandshakes: number;
  /** For a handshake to get its turn. */
  readonly handshakeQueueTimeoutMs: number;
  readonly maximumStrangers: number;
  readonly maximumStrangersPerAddress: number;
  readonly maximumConnectionsPerCertificate: number;
  /** Of all certificates of one owner together, so that none takes the places of the others. */
  readonly maximumConnectionsPerOwner: number;
  /** Of all owners of one account together. */
  readonly maximumConnectionsPerAccount: number;
  /** Clients that a limit keeps out and that may ask once, to be told so. */
  readonly maximumTurnedAway: number;
}

/**
 * For a site of 1,000 hosts that share a certificate and come from one address: all connect at once after an outage, and
 * some of them a second time while their old connections are not yet known to be dead.
 */
export const DEFAULT_TRANSPORT_LIMITS: TransportLimits = {
  handshakeTimeoutMs: 10_000,
  messageTimeoutMs: 15_000,
  writeTimeoutMs: 15_000,
  idleTimeoutMs: 600_000,
  strangerIdleTimeoutMs: 10_000,
  lingerMs: 1_000,
  maximumMessageBytes: DEFAULT_MAXIMUM_MESSAGE_BYTES,
  maximumStrangerMessageBytes: 65_536,
  maximumLargeRequestBytes: 134_217_728,
  maximumConnections: 10_000,
  maximumHalfOpen: 4_000,
  maximumHalfOpenPerAddress: 2_000,
  maximumHandshakes: 32,
  handshakeQueueTimeoutMs: 60_000,
  maximumStrangers: 1_000,
  maximumStrangersPerAddress: 100,
  maximumConnectionsPerCertificate: 2_000,
  maximumConnectionsPerOwner: 2_500,
  maximumConnectionsPerAccount: 5_000,
  maximumTurnedAway: 1_000,
};

/** Names of the caps, for metrics. */
export const TRANSPORT_LIMIT_NAMES = [
  'connections',
  'half_open',
  'half_open_per_address',
  'strangers',
  'strangers_per_address',
  'connections_per_certificate',
  'connections_per_owner',
  'connections_per_account',
  'large_requests',
] as const;
export type TransportLimitName = (typeof TRANSPORT_LIMIT_NAMES)[number];
