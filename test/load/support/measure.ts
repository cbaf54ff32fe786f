import { type KmipClient, vcenter } from '@lib/kmip-client';
import { encodeRequestMessage } from '@lib/kmip-protocol';

import { cpuSeconds } from './cpu-time';
import { connect, type Target } from './target';

export interface Figure {
  readonly what: string;
  readonly connections: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU microseconds per operation of each server process, and of this load generator. */
  readonly cpuMicroseconds: Readonly<Record<string, number>>;
}

type Operation = (lane: number) => Promise<void>;

const WARM_UP_SECONDS = 1;
const HANDSHAKE_LANES = 8;

/** Runs `operation` in `connections` lanes and counts, once the code of both sides is warm. */
export async function measure(
  target: Target,
  what: string,
  connections: number,
  seconds: number,
  operation: Operation,
): Promise<Figure> {
  await run(connections, WARM_UP_SECONDS, operation);
  const before = usage(target);
  const { latencies, elapsedSeconds } = await run(connections, seconds, operation);
  const after = usage(target);
  latencies.sort((a, b) => a - b);
  const quantile = (q: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * q))] ?? 0;
  return {
    what,
    connections,
    perSecond: latencies.length / elapsedSeconds,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    cpuMicroseconds: Object.fromEntries(
      Object.entries(after).map(([role, used]) => [role, ((used - (before[role] ?? 0)) * 1e6) / latencies.length]),
    ),
  };
}

async function run(
  connections: number,
  seconds: number,
  operation: Operation,
): Promise<{ latencies: number[]; elapsedSeconds: number }> {
  const latencies: number[] = [];
  const started = performance.now();
  const until = started + seconds * 1_000;
  const lane = async (number: number): Promise<void> => {
    while (performance.now() < until) {
      const begun = performance.now();
      await operation(number);
      latencies.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: connections }, (_, number) => lane(number)));
  return { latencies, elapsedSeconds: (performance.now() - started) / 1_000 };
}

function usage(target: Target): Record<string, number> {
  const own = process.cpuUsage();
  return {
    ...Object.fromEntries(Object.entries(target.processes()).map(([role, pid]) => [role, cpuSeconds(pid)])),
    client: (own.user + own.system) / 1e6,
  };
}

/** Get and Create on held connections, handshakes with one request; the shapes vCenter sends. */
export async function measureAll(
  target: Target,
  seconds: number,
  lanes: readonly number[],
): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const connections of lanes) figures.push(...(await measureHeld(target, connections, seconds)));
  const probe = encodeRequestMessage(vcenter.probe());
  figures.push(
    await measure(target, 'handshake + Discover Versions', HANDSHAKE_LANES, seconds, async (lane) => {
      const client = await connect(target, lane);
      await expectSuccess(client, probe);
      await client.close();
    }),
  );
  return figures;
}

async function measureHeld(target: Target, connections: number, seconds: number): Promise<readonly Figure[]> {
  const clients = await Promise.all(Array.from({ length: connections }, (_, lane) => connect(target, lane)));
  const ids = await Promise.all(clients.map(create));
  const pairs = clients.map((client, lane) => ({
    client,
    get: encodeRequestMessage(vcenter.getKey(ids[lane] ?? '')),
  }));
  const creation = encodeRequestMessage(vcenter.createKey());
  const lane = (number: number): (typeof pairs)[number] => pairs[number] as (typeof pairs)[number];
  const figures = [
    await measure(target, 'Get', connections, seconds, (number) =>
      expectSuccess(lane(number).client, lane(number).get),
    ),
    await measure(target, 'Create', connections, seconds, (number) => expectSuccess(lane(number).client, creation)),
  ];
  await Promise.all(clients.map((client) => client.close()));
  return figures;
}

async function create(client: KmipClient): Promise<string> {
  const { batchItems } = await client.send(vcenter.createKey());
  const [item] = batchItems;
  if (item?.response?.name !== 'Create') throw new Error(`Create failed: ${item?.resultMessage ?? ''}`);
  return item.response.payload.uniqueIdentifier;
}

/** Result Status (42007F, enumeration) Success, found in the bytes: decoding is the server's figure, not ours. */
const SUCCESS = Buffer.from('42007f05000000040000000000000000', 'hex');

async function expectSuccess(client: KmipClient, request: Buffer): Promise<void> {
  const response = await client.sendBytes(request);
  if (!response.includes(SUCCESS)) throw new Error('an operation failed under load');
}
