import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { vcenter } from '@lib/kmip-client';
import {
  BatchErrorContinuationOption,
  encodeRequestMessage,
  Operation,
  type OperationRequest,
  type RequestMessage,
  V1_4,
} from '@lib/kmip-protocol';

import { openDatabase } from '../../e2e/support/database';
import { type FloodKind, type FloodOrders, type FloodReport } from '../flood';
import { type Arena, type Inhabitant, type Side } from './arena';

export interface FloodSpecification {
  readonly name: string;
  readonly what: string;
  readonly lanes: number;
  readonly flood: FloodKind;
}

const ITEMS = 1_000;
const CRITERIA = 1_500;
const KEYS = 10_000;

const message = (requests: readonly OperationRequest[]): RequestMessage => ({
  header: {
    protocolVersion: V1_4,
    batchErrorContinuationOption: BatchErrorContinuationOption.Continue,
    batchCount: requests.length,
  },
  batchItems: requests.map((request, n) => {
    const uniqueBatchItemId = Buffer.alloc(4);
    uniqueBatchItemId.writeUInt32BE(n);
    return { operation: Operation[request.name], uniqueBatchItemId, request };
  }),
});

const messages = (request: RequestMessage): FloodKind => ({
  kind: 'messages',
  request: encodeRequestMessage(request).toString('base64'),
});

const locates = message(Array.from({ length: ITEMS }, () => ({ name: 'Locate', payload: { attributes: [] } })));
const criteria = Array.from({ length: CRITERIA }, (_, n) => ({
  attributeName: `x-${n}`,
  attributeValue: { type: 'TextString', value: `value ${n}` } as const,
}));

/** What brought a neighbour down before there were limits, and what is like it. */
export const FLOODS: readonly FloodSpecification[] = [
  { name: 'locates', what: `2 connections, ${ITEMS} unfiltered Locates a message`, lanes: 2, flood: messages(locates) },
  {
    name: 'criteria',
    what: `12 connections, Locates of ${CRITERIA} criteria`,
    lanes: 12,
    flood: messages(message([{ name: 'Locate', payload: { attributes: criteria } }])),
  },
  { name: 'creates', what: '500 connections, Create', lanes: 500, flood: messages(vcenter.createKey()) },
  { name: 'questions', what: '500 connections, Discover Versions', lanes: 500, flood: messages(vcenter.probe()) },
  { name: 'handshakes', what: '64 clients that do nothing but connect', lanes: 64, flood: { kind: 'handshakes' } },
  { name: 'silence', what: '3,000 connections that say nothing', lanes: 3_000, flood: { kind: 'silence' } },
];

/** A flood in a process of its own. */
export class RunningFlood {
  private constructor(private readonly child: ChildProcess) {}

  /** @returns when it is in full flow */
  static async start(
    { flood, lanes }: FloodSpecification,
    arena: Arena,
    from: Inhabitant,
    side: Side,
  ): Promise<RunningFlood> {
    const orders: FloodOrders = { flood, lanes, ports: from.targets[side].ports, identity: arena.identityOf(from) };
    const child = fork(join(__dirname, '..', 'flood.js'));
    child.send(orders);
    await once(child, 'message');
    return new RunningFlood(child);
  }

  /** @returns what came of it */
  async stop(): Promise<FloodReport> {
    this.child.send('report');
    const [report] = (await once(this.child, 'message')) as [FloodReport];
    const ended = once(this.child, 'exit');
    this.child.disconnect();
    await ended;
    return report;
  }
}

/** Keys that no key manager knows, for searches to find. */
export async function fillCatalog(arena: Arena, { tenant }: Inhabitant): Promise<void> {
  const client = await openDatabase(arena.service);
  try {
    await client.query(
      `INSERT INTO managed_objects SELECT (jsonb_populate_record(o, jsonb_build_object('id', gen_random_uuid(),
          'digest', '\\x' || md5(n::text), 'stored_key_id', gen_random_uuid()))).*
        FROM managed_objects o, generate_series(2, ${KEYS}) n WHERE instance_id = $1`,
      [tenant.instanceId],
    );
  } finally {
    await client.end();
  }
}
