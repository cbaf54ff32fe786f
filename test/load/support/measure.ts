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
/** Before the first figure: the compiler of a server that has just started takes more CPU time than its work. */
const HEAT_SECONDS = 5;
const HEAT_LANES = 16;
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

/** Processes of one role (`kmip-gateway-1` and `-2`) together. */
function usage(target: Target): Record<string, number> {
  const used: Record<string, number> = {};
  for (const [name, pid] of Object.entries(target.processes())) {
    const role = name.replace(/-\d+$/, '');
    used[role] = (used[role] ?? 0) + cpuSeconds(pid);
  }
  const own = process.cpuUsage();
  return { ...used, client: (own.user + own.system) / 1e6 };
}

/** Get and Create on held connections, handshakes with one request; the shapes vCenter sends. Figure by figure. */
export async function* measureAll(
  target: Target,
  seconds: number,
  lanes: readonly number[],
): AsyncGenerator<Figure, void> {
  const heat = measureHeld(target, HEAT_LANES, HEAT_SECONDS);
  while ((await heat.next()).done !== true);
  for (const connections of lanes) yield* measureHeld(target, connections, seconds);
  const probe = encodeRequestMessage(vcenter.probe());
  yield await measure(target, 'handshake + Discover Versions', HANDSHAKE_LANES, seconds, async (lane) => {
    const client = await connect(target, lane);
    await expectSuccess(client, probe);
    await client.close();
  });
}

async function* measureHeld(target: Target, connections: number, seconds: number): AsyncGenerator<Figure, void> {
  const lanes: { readonly client: KmipClient; readonly get: Buffer }[] = [];
  // One after the other: PyKMIP shakes hands with one client at a time, and the last of many would give up.
  for (let number = 0; number < connections; number += 1) {
    const client = await connect(target, number);
    lanes.push({ client, get: encodeRequestMessage(vcenter.getKey(await create(client))) });
  }
  const lane = (number: number): (typeof lanes)[number] => lanes[number] as (typeof lanes)[number];
  const creation = encodeRequestMessage(vcenter.createKey());
  yield await measure(target, 'Get', connections, seconds, (number) =>
    expectSuccess(lane(number).client, lane(number).get),
  );
  yield await measure(target, 'Create', connections, seconds, (number) => expectSuccess(lane(number).client, creation));
  await Promise.all(lanes.map(({ client }) => client.close()));
}

async function create(client: KmipClient): Promise<string> {
  const { batchItems } = await client.send(vcenter.createKey());
  const [item] = batchItems;
  if (item?.response?.name !== 'Create') throw new Error(`Create failed: ${item?.resultMessage ?? ''}`);
  return item.response.payload.uniqueIdentifier;
}

/** Result Status (42007F, enumeration) Success, found in the bytes: decoding is the server's figure, not ours. */
const SUCCESS = Buffer.from('42007f05000000040000000000000000', 'hex');

export async function expectSuccess(client: KmipClient, request: Buffer): Promise<void> {
  const response = await client.sendBytes(request);
  if (!response.includes(SUCCESS)) throw new Error('an operation failed under load');
}
