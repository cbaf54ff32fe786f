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
  readonly maximumStrangers: number;
  readonly maximumStrangersPerAddress: number;
  readonly maximumConnectionsPerCertificate: number;
  /** Of all certificates of one owner together, so that none takes the places of the others. */
  readonly maximumConnectionsPerOwner: number;
}

/** 256 per certificate lets 64 ESXi hosts that share one reconnect at once with room to spare. */
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
  maximumHalfOpen: 1_000,
  maximumHalfOpenPerAddress: 100,
  maximumStrangers: 1_000,
  maximumStrangersPerAddress: 100,
  maximumConnectionsPerCertificate: 256,
  maximumConnectionsPerOwner: 2_500,
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
  'large_requests',
] as const;
export type TransportLimitName = (typeof TRANSPORT_LIMIT_NAMES)[number];
