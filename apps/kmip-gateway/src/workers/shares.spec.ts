import { type GatewayConfig, gatewayConfig, parseConfig } from '@lib/config';
import { DEFAULT_CALL_LIMITS } from '@lib/key-manager';
import { DEFAULT_TRANSPORT_LIMITS } from '@lib/kmip-transport';

import { MAXIMUM_ANSWER_BYTES } from '../session/answer-memories';
import { answerMemory, callLimits, databasePoolSize, transportLimits } from './shares';

const configWith = (workers: number, others: Readonly<Record<string, string>> = {}): GatewayConfig =>
  parseConfig(gatewayConfig, {
    REGION: 'eu-de',
    KMIP_TLS_FOLDER: '/tls',
    DATABASE_URL: 'postgres://kmip@db/kmip',
    SERVICE_KEY_FILE: '/service-key',
    KMIP_WORKERS: String(workers),
    ...others,
  });

/** What the endpoint is promised to allow (docs/operations.md, "Limits"), what a worker allows, and what it has in any case. */
const PROMISES: readonly (readonly [string, number, (config: GatewayConfig) => number, number])[] = [
  ['connections', 10_000, (config) => transportLimits(config).maximumConnections, 1],
  ['in the handshake', 4_000, (config) => transportLimits(config).maximumHalfOpen, 1],
  ['in the handshake, of one address', 2_000, (config) => transportLimits(config).maximumHalfOpenPerAddress, 1],
  ['handshakes at a time', 32, (config) => transportLimits(config).maximumHandshakes, 1],
  ['strangers', 1_000, (config) => transportLimits(config).maximumStrangers, 1],
  ['strangers of one address', 100, (config) => transportLimits(config).maximumStrangersPerAddress, 1],
  ['turned away', 1_000, (config) => transportLimits(config).maximumTurnedAway, 1],
  ['bytes of large requests', 134_217_728, (config) => transportLimits(config).maximumLargeRequestBytes, 1_048_576],
  ['bytes of large answers', MAXIMUM_ANSWER_BYTES, (config) => answerMemory(config).together, 4_194_304],
  ['bytes of large answers of one instance', 16_777_216, (config) => answerMemory(config).perInstance, 4_194_304],
  ['calls to a key manager', 32, (config) => callLimits(config).concurrent, 2],
  ['connections to the database', 10, databasePoolSize, 4],
];

describe.each(PROMISES)('%s, %d of an endpoint', (_name, promised, ofWorker, least) => {
  it('are all given to a single process', () => {
    expect(ofWorker(configWith(1))).toBe(promised);
  });

  it.each([2, 3, 16, 64])('are not exceeded by %d workers, each of which has something', (workers) => {
    const each = ofWorker(configWith(workers));
    expect(each).toBeGreaterThanOrEqual(least);
    if (each > least) expect(each * workers).toBeLessThanOrEqual(promised);
    expect((each + 1) * workers).toBeGreaterThan(promised);
  });
});

it('leaves to each worker what is of a single request, or of a connection', () => {
  const [alone, shared] = [transportLimits(configWith(1)), transportLimits(configWith(16))];
  expect(alone).toEqual(DEFAULT_TRANSPORT_LIMITS);
  for (const limit of ['maximumMessageBytes', 'idleTimeoutMs', 'handshakeTimeoutMs', 'messageTimeoutMs'] as const) {
    expect(shared[limit]).toBe(alone[limit]);
  }
  expect(callLimits(configWith(1))).toEqual(DEFAULT_CALL_LIMITS);
});

/** What a client may have at a time that does not choose its worker. */
const OF_A_CLIENT: readonly (readonly [string, number, (config: GatewayConfig) => number])[] = [
  ['connections of one account', 5_000, (config) => transportLimits(config).maximumConnectionsPerAccount],
  ['connections of one instance', 2_500, (config) => transportLimits(config).maximumConnectionsPerOwner],
  ['connections with one certificate', 2_000, (config) => transportLimits(config).maximumConnectionsPerCertificate],
  ['calls that wait for one key manager', 512, (config) => callLimits(config).waiting],
];

describe.each(OF_A_CLIENT)('%s, %d of an endpoint', (_name, promised, ofWorker) => {
  it('are all given to a single process', () => {
    expect(ofWorker(configWith(1))).toBe(promised);
  });

  it.each([2, 3, 16, 64])('fit into %d workers, to which others have them dealt unevenly', (workers) => {
    const each = ofWorker(configWith(workers));
    const random = randomFrom(workers);
    for (let round = 0; round < 50; round += 1) {
      const dealt = Array<number>(workers).fill(0);
      for (let one = 0; one < promised; one += 1) {
        const worker = Math.floor(random() * workers);
        dealt[worker] = (dealt[worker] ?? 0) + 1;
      }
      expect(Math.max(...dealt)).toBeLessThanOrEqual(each);
    }
  });

  it.each([2, 3, 16, 64])('leave most of one of %d workers to others', (workers) => {
    const { maximumConnections } = transportLimits(configWith(workers));
    expect(ofWorker(configWith(workers))).toBeLessThan(maximumConnections * 0.85);
  });
});

it('gives a few connections whole to each worker: chance would refuse them', () => {
  const few = transportLimits(configWith(2, { KMIP_MAXIMUM_CONNECTIONS_PER_CERTIFICATE: '8' }));
  expect(few.maximumConnectionsPerCertificate).toBe(8);
});

/** Mulberry32: the same on every run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
