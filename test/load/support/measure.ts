import { Secret } from '@lib/kernel';
import { KmipClient, vcenter } from '@lib/kmip-client';
import { encodeRequestMessage } from '@lib/kmip-protocol';

import { cpuSeconds } from './cpu-time';
import { type Target } from './target';

export interface Figure {
  readonly what: string;
  readonly connections: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU microseconds per operation of each server process, and of this load generator. */
  readonly cpuMicroseconds: Readonly<Record<string, number>>;
}

export const connect = (target: Target, lane: number): Promise<KmipClient> =>
  KmipClient.connect({
    host: '127.0.0.1',
    port: target.ports[lane % target.ports.length] ?? 0,
    clientCertificatePem: target.clientCertificatePem,
    clientKeyPem: Secret.fromText(target.clientKeyPem),
    serverTrust: { caPem: target.serverCaPem },
  });

/** Runs `operation` in `connections` lanes for `seconds` and counts. */
export async function measure(
  target: Target,
  what: string,
  connections: number,
  seconds: number,
  operation: (lane: number) => Promise<void>,
): Promise<Figure> {
  const before = usage(target);
  const latencies: number[] = [];
  const started = performance.now();
  const until = started + seconds * 1_000;
  await Promise.all(
    Array.from({ length: connections }, async (_, lane) => {
      while (performance.now() < until) {
        const begun = performance.now();
        await operation(lane);
        latencies.push(performance.now() - begun);
      }
    }),
  );
  const elapsed = (performance.now() - started) / 1_000;
  const after = usage(target);
  latencies.sort((a, b) => a - b);
  const quantile = (q: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * q))] ?? 0;
  return {
    what,
    connections,
    perSecond: latencies.length / elapsed,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    cpuMicroseconds: Object.fromEntries(
      Object.entries(after).map(([role, used]) => [role, ((used - (before[role] ?? 0)) * 1e6) / latencies.length]),
    ),
  };
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
  for (const connections of lanes) {
    const clients = await Promise.all(Array.from({ length: connections }, (_, lane) => connect(target, lane)));
    const ids = await Promise.all(clients.map(create));
    const requests = ids.map((id) => encodeRequestMessage(vcenter.getKey(id)));
    const get = async (lane: number): Promise<void> => {
      await expectSuccess(clients[lane] as KmipClient, requests[lane] as Buffer);
    };
    await Promise.all(clients.map((_, lane) => get(lane)));
    figures.push(await measure(target, 'Get', connections, seconds, get));
    const creation = encodeRequestMessage(vcenter.createKey());
    figures.push(
      await measure(target, 'Create', connections, seconds, (lane) =>
        expectSuccess(clients[lane] as KmipClient, creation),
      ),
    );
    await Promise.all(clients.map((client) => client.close()));
  }
  const probe = encodeRequestMessage(vcenter.probe());
  figures.push(
    await measure(target, 'handshake + Discover Versions', 8, seconds, async (lane) => {
      const client = await connect(target, lane);
      await expectSuccess(client, probe);
      await client.close();
    }),
  );
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
