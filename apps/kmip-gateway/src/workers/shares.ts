import { type GatewayConfig } from '@lib/config';
import { type CallLimits, DEFAULT_CALL_LIMITS } from '@lib/key-manager';
import { DEFAULT_TRANSPORT_LIMITS, type TransportLimits } from '@lib/kmip-transport';

import { MAXIMUM_ANSWER_BYTES } from '../session/answer-memories';

/** With fewer an account could take all connections of a worker to the database. */
const LEAST_POOL = 4;
/** A Get fetches and unwraps at the same time. */
const LEAST_CALLS = 2;

/** Deviations from the mean that chance does not reach in practice: once in a million dealings. */
const DEVIATIONS = 5;

/**
 * What is allowed to an endpoint, divided by its workers: together they allow no more than was promised, and connections
 * are dealt to them in turn, so that they fill evenly. What keeps tenants of one process apart (turns, shares of the
 * event loop and of the pool) is each worker's own.
 */
const share = (whole: number, { kmipWorkers }: GatewayConfig, least = 1): number =>
  Math.max(Math.min(least, whole), Math.floor(whole / kmipWorkers));

/**
 * Of what is one client's or tenant's. Connections are dealt in turn, but those of others come in between, and which
 * worker gets how many of this one's is chance. Whoever keeps to what was promised is refused by none of them; together
 * they may allow more, and less than a worker has for all.
 */
function shareOfOne(whole: number, config: GatewayConfig, least = 1): number {
  const mean = share(whole, config, least);
  return config.kmipWorkers === 1 ? whole : Math.min(whole, mean + Math.ceil(DEVIATIONS * Math.sqrt(mean)));
}

export function transportLimits(config: GatewayConfig): TransportLimits {
  const of = (whole: number): number => share(whole, config);
  const ofOne = (whole: number): number => shareOfOne(whole, config);
  const { maximumLargeRequestBytes, maximumStrangers, maximumStrangersPerAddress, maximumTurnedAway, ...others } =
    DEFAULT_TRANSPORT_LIMITS;
  return {
    ...others,
    handshakeTimeoutMs: config.kmipHandshakeTimeoutMs,
    messageTimeoutMs: config.kmipMessageTimeoutMs,
    writeTimeoutMs: config.kmipMessageTimeoutMs,
    idleTimeoutMs: config.kmipIdleTimeoutMs,
    maximumMessageBytes: config.kmipMaximumMessageBytes,
    maximumConnections: of(config.kmipMaximumConnections),
    maximumHalfOpen: of(config.kmipMaximumHalfOpen),
    maximumHalfOpenPerAddress: of(config.kmipMaximumHalfOpenPerAddress),
    maximumConnectionsPerCertificate: ofOne(config.kmipMaximumConnectionsPerCertificate),
    maximumConnectionsPerOwner: ofOne(config.kmipMaximumConnectionsPerInstance),
    maximumConnectionsPerAccount: ofOne(config.kmipMaximumConnectionsPerAccount),
    maximumHandshakes: of(config.kmipMaximumHandshakes),
    maximumStrangers: of(maximumStrangers),
    maximumStrangersPerAddress: of(maximumStrangersPerAddress),
    maximumTurnedAway: of(maximumTurnedAway),
    // One request of the greatest length fits in any case.
    maximumLargeRequestBytes: share(maximumLargeRequestBytes, config, config.kmipMaximumMessageBytes),
  };
}

/** Bytes. One answer of the greatest length fits in any case. */
export function answerMemory(config: GatewayConfig): { readonly perInstance: number; readonly together: number } {
  const { kmipMaximumAnswerBytes: largest, kmipMaximumAnswerBytesPerInstance: perInstance } = config;
  return {
    perInstance: share(perInstance, config, largest),
    together: share(MAXIMUM_ANSWER_BYTES, config, largest),
  };
}

export const databasePoolSize = (config: GatewayConfig): number => share(config.databasePoolSize, config, LEAST_POOL);

/** To one tenant's key manager. */
export function callLimits(config: GatewayConfig): CallLimits {
  const { concurrent, waiting } = DEFAULT_CALL_LIMITS;
  return {
    ...DEFAULT_CALL_LIMITS,
    concurrent: share(concurrent, config, LEAST_CALLS),
    waiting: shareOfOne(waiting, config, LEAST_CALLS),
  };
}
