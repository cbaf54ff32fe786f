import { type KmipClient, vcenter } from '@lib/kmip-client';
import { encodeRequestMessage } from '@lib/kmip-protocol';

import { cpuSeconds } from './cpu-time';
import { connect, type Target } from './target';

export interface Figure {
  readonly operations: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU microseconds per operation of each server process, and of this load generator. */
  readonly cpuMicroseconds: Readonly<Record<string, number>>;
}

/** What else is counted while a figure is measured, and not while it is prepared. */
export interface Watch {
  begin(): Promise<void>;
  end(operations: number): Promise<void>;
}

type Operation = (lane: number) => Promise<void>;

const WARM_UP_SECONDS = 1;

/** Runs `operation` in `lanes` at a time and counts, once the code of both sides is warm. */
async function measure(
  target: Target,
  lanes: number,
  seconds: number,
  operation: Operation,
  watch?: Watch,
): Promise<Figure> {
  await run(lanes, WARM_UP_SECONDS, operation);
  await watch?.begin();
  const before = usage(target);
  const { latencies, elapsedSeconds } = await run(lanes, seconds, operation);
  const after = usage(target);
  await watch?.end(latencies.length);
  latencies.sort((a, b) => a - b);
  const quantile = (q: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * q))] ?? 0;
  return {
    operations: latencies.length,
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

/** What a client sends again and again, and what it needs for that. */
export type Request = (client: KmipClient) => Buffer | Promise<Buffer>;

/** As vCenter sends them. */
export const REQUESTS = {
  discoverVersions: () => encodeRequestMessage(vcenter.probe()),
  create: () => encodeRequestMessage(vcenter.createKey()),
  /** Each client gets a key of its own: those who want the same one at the same moment would share the work. */
  get: async (client) => encodeRequestMessage(vcenter.getKey(await createKey(client))),
} as const satisfies Record<string, Request>;

/** A request on each of so many connections that stay open, again as soon as it is answered. */
export async function measureHeld(
  target: Target,
  connections: number,
  seconds: number,
  request: Request,
  watch?: Watch,
): Promise<Figure> {
  const clients: KmipClient[] = [];
  const requests: Buffer[] = [];
  try {
    // One after the other: PyKMIP shakes hands with one client at a time, and the last of many would give up.
    for (let number = 0; number < connections; number += 1) {
      const client = await connect(target, number);
      clients.push(client);
      requests.push(await request(client));
    }
    const ask = (lane: number) => expectSuccess(at(clients, lane), at(requests, lane));
    return await measure(target, connections, seconds, ask, watch);
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}

/** So many clients at a time that connect, send one request and leave. */
export async function measureConnects(
  target: Target,
  clients: number,
  seconds: number,
  request: Request,
  watch?: Watch,
): Promise<Figure> {
  const requests: Buffer[] = [];
  const first = await connect(target, 0);
  for (let number = 0; number < clients; number += 1) requests.push(await request(first));
  await first.close();
  const visit = async (lane: number): Promise<void> => {
    const client = await connect(target, lane);
    await expectSuccess(client, at(requests, lane));
    await client.close();
  };
  return await measure(target, clients, seconds, visit, watch);
}

const at = <T>(list: readonly T[], lane: number): T => list[lane] as T;

export async function createKey(client: KmipClient): Promise<string> {
  const [item] = (await client.send(vcenter.createKey())).batchItems;
  if (item?.response?.name !== 'Create') throw new Error(`Create failed: ${item?.resultMessage ?? ''}`);
  return item.response.payload.uniqueIdentifier;
}

/** Result Status (42007F, enumeration) Success, found in the bytes: decoding is the server's figure, not ours. */
const SUCCESS = Buffer.from('42007f05000000040000000000000000', 'hex');

export async function expectSuccess(client: KmipClient, request: Buffer): Promise<void> {
  const response = await client.sendBytes(request);
  if (!response.includes(SUCCESS)) throw new Error('an operation failed under load');
}
