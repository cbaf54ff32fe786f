import { issueClientCertificate } from '@lib/pki';

import { CatalogRows } from './support/catalog-rows';
import { CommitBarrier } from './support/commit-barrier';
import { type BrokerAnswer, type Order, Platform, type PlanName } from './support/platform';
import { RunningService, until } from './support/running-service';

const ROUNDS = Number(process.env['BROKER_KILL_ROUNDS'] ?? '10');

jest.setTimeout(600_000 + ROUNDS * 30_000);

const WITHIN_MS = 60_000;

/** A moment in the life of an operation: its row is about to say that this step is next. */
interface Moment {
  readonly kind: 'provision' | 'deprovision';
  readonly step: string;
  readonly write: 'INSERT' | 'UPDATE';
}

type Points = readonly (readonly [write: Moment['write'], step: string])[];

/** Every transaction of an operation, by what it writes. A request of the plan `standard` goes through all by itself. */
const POINTS: Readonly<Record<PlanName, Readonly<Record<Moment['kind'], Points>>>> = {
  standard: {
    provision: [
      ['INSERT', 'certificates'],
      ['UPDATE', 'finish'],
      ['UPDATE', 'done'],
    ],
    deprovision: [
      ['INSERT', 'count'],
      ['UPDATE', 'keys'],
      ['UPDATE', 'rows'],
      ['UPDATE', 'done'],
    ],
  },
  dedicated: {
    provision: [
      ['INSERT', 'certificates'],
      ['UPDATE', 'settle'],
      ['UPDATE', 'finish'],
      ['UPDATE', 'done'],
    ],
    deprovision: [
      ['INSERT', 'settle'],
      ['UPDATE', 'count'],
      ['UPDATE', 'keys'],
      ['UPDATE', 'rows'],
      ['UPDATE', 'done'],
    ],
  },
};

describe('kill -9 of the management API while the platform orders and deletes', () => {
  let service: RunningService;
  let platform: Platform;
  let rows: CatalogRows;
  let barrier: CommitBarrier;

  beforeAll(async () => {
    service = await RunningService.start({ environment: { BROKER_SETTLE_MS: '300' } });
    platform = await Platform.of(service);
    rows = await CatalogRows.open(service);
    barrier = await CommitBarrier.open(service, 'catalog_operations');
  });

  afterAll(async () => {
    await barrier.end();
    await rows.close();
    await service.remove();
  });

  const newOrder = async (plan: PlanName): Promise<Order> => {
    const { certificatePem } = await issueClientCertificate('self-signed', { commonName: 'vc', validDays: 30 });
    const certificates = [{ name: 'vc', certificate: certificatePem }];
    return platform.newOrder(plan, { client_certificates: certificates, delete_active_keys: true });
  };

  /** Resolves when the process runs again, under another pid. */
  async function kill(): Promise<void> {
    const pid = (await service.reload()).processes['management-api'] ?? 0;
    process.kill(pid, 'SIGKILL');
    await until('the management API is started again', WITHIN_MS, async () => {
      return (await service.reload()).processes['management-api'] !== pid;
    });
  }

  /** Asks for the end of a background operation as often as it takes. */
  async function ended({ status }: BrokerAnswer, order: Order): Promise<unknown> {
    if (status !== 202) return status;
    let state: unknown;
    await until('the operation ends', WITHIN_MS, async () => {
      const last = await platform.lastOperation(order);
      state = last.result['state'];
      return state !== 'in progress';
    });
    return state;
  }

  async function expectWhole(order: Order): Promise<void> {
    expect(await rows.condition(order.id)).toMatchObject({ status: 'ready', kind: 'provision', state: 'succeeded' });
    expect(await rows.of(order.id)).toEqual({ instances: 1, client_certificates: 1 });
  }

  async function expectGone(order: Order): Promise<void> {
    expect([undefined, 'deleted']).toContain((await rows.condition(order.id))?.status);
    expect(await rows.of(order.id)).toEqual({});
    expect((await platform.deprovision(order)).status).toBe(410);
  }

  /** The process dies in the transaction of that step, while this request is under way. */
  async function killedAt(moment: Moment, order: Order, request: () => Promise<BrokerAnswer>): Promise<void> {
    const where = `NEW.instance_id = '${order.id}' AND NEW.kind = '${moment.kind}' AND NEW.step = '${moment.step}'`;
    await barrier.holdBefore({ table: 'catalog_operations', write: moment.write, where });
    const cut = request().catch(() => undefined);
    await barrier.reached();
    await kill();
    await barrier.lift();
    await cut;
  }

  describe.each<PlanName>(['standard', 'dedicated'])('on the plan %s', (plan) => {
    const { provision, deprovision } = POINTS[plan];

    it.each(provision)('while it orders (%s %s): the same order again ends it', async (write, step) => {
      const order = await newOrder(plan);
      await killedAt({ kind: 'provision', write, step }, order, () => platform.provision(order));
      expect([200, 201, 'succeeded']).toContain(await ended(await platform.provision(order), order));
      await expectWhole(order);
    });

    it.each(provision)('while it orders (%s %s): a deletion clears it away', async (write, step) => {
      const order = await newOrder(plan);
      await killedAt({ kind: 'provision', write, step }, order, () => platform.provision(order));
      expect([200, 410, 'succeeded']).toContain(await ended(await platform.deprovision(order), order));
      await expectGone(order);
    });

    it.each(deprovision)('while it deletes (%s %s): the deletion again ends it', async (write, step) => {
      const order = await newOrder(plan);
      await ended(await platform.provision(order), order);
      await rows.addStoredKeys(order.id, 2);
      await killedAt({ kind: 'deprovision', write, step }, order, () => platform.deprovision(order));
      expect([200, 410, 'succeeded']).toContain(await ended(await platform.deprovision(order), order));
      await expectGone(order);
      const { result } = await platform.lastOperation(order);
      expect(result['description']).toMatch(/wrapped keys are yours.*: 2 in /);
    });
  });

  /** Moments of the kill after the first requests were sent, by a fixed rule so that a failure can be repeated. */
  const momentMs = (round: number): number => (round * 7_919) % 400;

  it(`${ROUNDS} times at any moment, with several requests under way: every retry ends right`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const plans: readonly PlanName[] = ['standard', 'dedicated', 'standard', 'dedicated'];
      const [kept, doomed] = await Promise.all([Promise.all(plans.map(newOrder)), Promise.all(plans.map(newOrder))]);
      await Promise.all(doomed.map(async (order) => ended(await platform.provision(order), order)));
      const cut = Promise.allSettled([
        ...kept.map((order) => platform.provision(order)),
        ...doomed.map((order) => platform.deprovision(order)),
      ]);
      await new Promise((resolve) => setTimeout(resolve, momentMs(round)));
      await kill();
      await cut;
      const [made, removed] = await Promise.all([
        Promise.all(kept.map(async (order) => ended(await platform.provision(order), order))),
        Promise.all(doomed.map(async (order) => ended(await platform.deprovision(order), order))),
      ]);
      for (const end of made) expect([200, 201, 'succeeded']).toContain(end);
      for (const end of removed) expect([200, 410, 'succeeded']).toContain(end);
      for (const order of kept) await expectWhole(order);
      for (const order of doomed) await expectGone(order);
    }
  });
});
