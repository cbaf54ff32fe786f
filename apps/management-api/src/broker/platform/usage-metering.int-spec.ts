import { randomUUID } from 'node:crypto';

import { newCorrelationId } from '@lib/kernel';
import { type Order, requireInstanceCrn } from '@lib/service-instances';
import {
  type LoopbackServer,
  ManualClock,
  readBody,
  startLoopbackServer,
  startTestPostgres,
  type TestDatabase,
} from '@lib/testing';
import { type Client } from 'pg';

import { type BrokerServices, brokerServices, faultLog, OFFER } from '../../../test/broker-app';
import { OwnTokens } from '../../../test/service-identity.fixture';
import { PlatformUsageReporter } from './platform-usage-reporter';

jest.setTimeout(60_000);

const HOUR = 3_600_000;
const START = Date.parse('2026-11-24T12:20:00Z');

interface Sent {
  readonly resource_instance_id: string;
  readonly plan_id: string;
  readonly start: number;
  readonly end: number;
  readonly measured_usage: readonly { readonly measure: string; readonly quantity: number }[];
}

/** Judges as the platform does: a fact stands, and the same window again is a conflict. */
class Metering {
  readonly facts = new Map<string, Sent>();
  readonly calls: { readonly path: string; readonly size: number }[] = [];
  /** Answers in place of the judgement, one a record; then one in place of the whole call. */
  readonly moods: number[] = [];
  /** Records that are never taken, by the start of their hour. */
  readonly spoilt = new Map<number, number>();
  /** In which order the verdicts of a call are given. */
  order = <T>(verdicts: readonly T[]): readonly T[] => verdicts;
  readonly outages: (number | 'after')[] = [];

  async answer(path: string, body: Buffer): Promise<{ status: number; body: unknown }> {
    const records = JSON.parse(body.toString('utf8')) as Sent[];
    this.calls.push({ path, size: records.length });
    const outage = this.outages.shift();
    if (typeof outage === 'number') return { status: outage, body: {} };
    const resources = this.order(records.map((record) => ({ status: this.judge(record), location: '' })));
    if (outage === 'after') return { status: 500, body: {} };
    return Promise.resolve({ status: 202, body: { resources } });
  }

  private judge(record: Sent): number {
    const mood = this.spoilt.get(record.start) ?? this.moods.shift();
    if (mood !== undefined) return mood;
    const key = `${record.resource_instance_id} ${record.start} ${record.end}`;
    if (this.facts.has(key)) return 409;
    this.facts.set(key, record);
    return 201;
  }
}

describe('usage metering', () => {
  let database: TestDatabase;
  let admin: Client;
  let server: LoopbackServer;
  let metering: Metering;
  let clock: ManualClock;
  let fresh: () => Promise<BrokerServices>;
  const faults: string[] = [];

  beforeEach(async () => {
    database = await startTestPostgres();
    admin = await database.openAdmin();
    clock = new ManualClock(new Date(START));
    metering = new Metering();
    server = await startLoopbackServer((request, response) => {
      void readBody(request)
        .then((body) => metering.answer(request.url ?? '', body))
        .then(({ status, body }) => {
          response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
        });
    });
    const dataSource = await database.openDataSource({ role: 'api' });
    const logger = faultLog((message) => faults.push(message));
    const usageReporter = new PlatformUsageReporter(server.origin, new OwnTokens().identity);
    fresh = () => brokerServices({ dataSource, clock, logger }, { usageReporter });
  });
  afterEach(async () => {
    await server.close();
    await database.close();
    faults.length = 0;
  });

  const newOrder = (): Order => ({
    ...requireInstanceCrn(`crn:v1:bluemix:public:kmip-for-vmware:us-south:a/${'a'.repeat(32)}:${randomUUID()}::`),
    serviceId: OFFER.serviceId,
    plan: OFFER.plans[0]!,
    attributes: { parameters: {}, context: {} },
    acceptsIncomplete: true,
    context: { initiator: { kind: 'system', component: 'test' }, correlationId: newCorrelationId(), observer: 'test' },
  });
  const ordered = async (): Promise<Order> => {
    const order = newOrder();
    await (await fresh()).provisioning.provision(order);
    return order;
  };
  /** A round of a process of its own. */
  const round = async (): Promise<void> => {
    const parts = await fresh();
    await parts.metering.round();
    await parts.metering.stop();
  };
  const addKey = ({ instanceId }: Order, born: number, destroyed?: number): Promise<unknown> =>
    admin.query(
      `INSERT INTO managed_objects (instance_id, id, object_type, state, suspended, cryptographic_algorithm,
        cryptographic_length, cryptographic_usage_mask, initial_date, last_change_date, destroy_date, digest, fresh,
        created_by) VALUES ($1, $2, 2, 'Active', false, 3, 256, 12, $3, $3, $4, '', true, '')`,
      [instanceId, randomUUID(), new Date(born), destroyed === undefined ? null : new Date(destroyed)],
    );
  const windows = (): string[] =>
    [...metering.facts.values()].map(
      ({ start, measured_usage: [keys] }) => `${new Date(start).toISOString().slice(11, 16)} ${keys?.quantity ?? -1}`,
    );

  it('reports each full hour once, with what there was in it', async () => {
    const order = await ordered();
    await addKey(order, START);
    await addKey(order, START, START + HOUR);
    await round();
    expect(metering.calls).toEqual([]);
    clock.advance(HOUR);
    await round();
    await round();
    clock.advance(HOUR);
    await round();
    expect(metering.calls.map(({ path }) => path)).toEqual(
      Array.from({ length: 2 }, () => `/v4/metering/resources/${OFFER.serviceId}/usage`),
    );
    expect(windows()).toEqual(['12:00 2', '13:00 2']);
    clock.advance(HOUR);
    await round();
    expect(windows().at(-1)).toBe('14:00 1');
    const [fact] = metering.facts.values();
    expect(fact).toMatchObject({
      resource_instance_id: order.crn.text,
      plan_id: order.plan.id,
      start: Date.parse('2026-11-24T12:00:00Z'),
      end: Date.parse('2026-11-24T13:00:00Z'),
      measured_usage: [{ measure: 'ACTIVE_KEYS' }, { measure: 'CLIENT_CERTIFICATES', quantity: 0 }],
    });
  });

  it('records hours in which no process ran, as far back as the platform takes them', async () => {
    await ordered();
    clock.advance(60 * HOUR);
    await round();
    expect(metering.facts.size).toBe(47);
    expect(metering.calls).toHaveLength(1);
  });

  it('counts once what it sends twice because the answer was lost', async () => {
    await ordered();
    clock.advance(HOUR);
    metering.outages.push('after');
    await round();
    expect(metering.facts.size).toBe(1);
    expect(await states()).toEqual(['pending']);
    clock.advance(31_000);
    await round();
    expect(metering.calls).toHaveLength(2);
    expect(metering.facts.size).toBe(1);
    expect(await states()).toEqual(['accepted']);
  });

  const states = async (): Promise<string[]> => {
    const { rows } = await admin.query<{ state: string }>('SELECT state FROM metering_records ORDER BY started_at');
    return rows.map(({ state }) => state);
  };

  it.each([
    [500, 'pending'],
    [429, 'pending'],
    [424, 'pending'],
    [409, 'accepted'],
    [201, 'accepted'],
    [400, 'refused'],
    [404, 'refused'],
  ])('a record judged %i is %s', async (judgement, state) => {
    await ordered();
    clock.advance(HOUR);
    metering.moods.push(judgement);
    await round();
    expect(await states()).toEqual([state]);
    clock.advance(60_000);
    await round();
    expect(metering.calls).toHaveLength(state === 'pending' ? 2 : 1);
  });

  it('sends at most 100 records in a call', async () => {
    for (let index = 0; index < 3; index += 1) await ordered();
    clock.advance(47 * HOUR);
    await round();
    expect(metering.calls.map(({ size }) => size)).toEqual([100, 41]);
    expect(new Set(await states())).toEqual(new Set(['accepted']));
  });

  describe('a verdict is taken for the record it is about', () => {
    const reversed = <T>(verdicts: readonly T[]): readonly T[] => [...verdicts].reverse();
    const lacking = <T>(verdicts: readonly T[]): readonly T[] => (verdicts.length > 1 ? verdicts.slice(1) : verdicts);
    const doubled = <T>(verdicts: readonly T[]): readonly T[] => [...verdicts, ...verdicts];
    it.each<[string, <T>(verdicts: readonly T[]) => readonly T[], string[]]>([
      ['given in order', (verdicts) => verdicts, ['refused', 'pending', 'accepted']],
      ['given in another order', reversed, ['refused', 'pending', 'accepted']],
      ['lacking one', lacking, ['refused', 'pending', 'accepted']],
      ['more than were asked for', doubled, ['pending', 'pending', 'pending']],
    ])('%s', async (_what, order, expected) => {
      await ordered();
      clock.advance(3 * HOUR);
      metering.order = order;
      metering.spoilt.set(Date.parse('2026-11-24T12:00:00Z'), 400).set(Date.parse('2026-11-24T13:00:00Z'), 424);
      await round();
      expect(await states()).toEqual(expected);
      expect(metering.facts.size).toBe(1);
    });

    it('and a call that fails among those for single records leaves the rest for the next round', async () => {
      await ordered();
      clock.advance(3 * HOUR);
      metering.spoilt.set(Date.parse('2026-11-24T13:00:00Z'), 400);
      const whole = metering.answer.bind(metering);
      let calls = 0;
      metering.answer = (path, body) => {
        calls += 1;
        return calls === 3 ? Promise.resolve({ status: 503, body: {} }) : whole(path, body);
      };
      await round();
      expect(await states()).toEqual(['accepted', 'pending', 'pending']);
      expect(calls).toBe(3);
      clock.advance(60_000);
      await round();
      expect(await states()).toEqual(['accepted', 'refused', 'accepted']);
    });
  });

  it('gives up what the platform would not take any more, and says so', async () => {
    await ordered();
    clock.advance(HOUR);
    for (let hour = 0; hour < 50; hour += 1) {
      metering.outages.push(503);
      await round();
      clock.advance(HOUR);
    }
    expect((await states())[0]).toBe('refused');
    expect(faults.some((message) => message.startsWith('a usage record was lost'))).toBe(true);
  });

  it('two processes at once write and send each hour once', async () => {
    await ordered();
    clock.advance(2 * HOUR);
    await Promise.all([round(), round()]);
    clock.advance(60_000);
    await round();
    expect(metering.facts.size).toBe(2);
    expect(await states()).toEqual(['accepted', 'accepted']);
  });

  it('reports the hour in which an instance ends, after it is over', async () => {
    const order = await ordered();
    await addKey(order, START);
    const { deprovisioning } = await fresh();
    await deprovisioning.deprovision({ ...order, plans: OFFER.plan, confirmed: true });
    await round();
    expect(metering.calls).toEqual([]);
    clock.advance(HOUR);
    await round();
    expect(windows()).toEqual(['12:00 1']);
  });
});
