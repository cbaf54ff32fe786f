import { type Client } from 'pg';

import { isOperation, KMS_OPERATIONS } from '../../apps/local-cloud/src/key-protect/operations';
import { CatalogRows } from '../e2e/support/catalog-rows';
import { openDatabase } from '../e2e/support/database';
import { until } from '../e2e/support/running-service';
import { killableCommand, killAtEach, killProcesses, type Undertaking } from './support/killing';
import { requireIntactRecord } from './support/shred-record';
import { type Done, type Step, StepHolds } from './support/step-holds';
import { TenantYear } from './support/tenant-year';

jest.setTimeout(600_000);

/** The long form: calls are cut after their effect too, and more keys are under way. */
const IS_LONG = process.env['KILL_STEPS'] === 'long';
const MOMENTS: readonly Step['moment'][] = IS_LONG ? ['before', 'after'] : ['before'];
/** Keys at which nobody is held; one of them is in no plan. With those that are, a plan's limit of 100 keys holds. */
const UNHURT = IS_LONG ? 40 : 5;
/** Where the machine stalled, and a kill may have come too late for its step. */
const TRIES = 4;
const SETTLED_WITHIN_MS = 60_000;
const GATEWAYS = ['kmip-gateway-1', 'kmip-gateway-2'];

type Kind = Omit<Step, 'about'>;
/** More steps of each kind than a key takes: a hold at one that does not come stops nobody. */
type AtMost = Readonly<Record<Step['kind'], number>>;

interface Begun extends Undertaking {
  /** What has steps beside the keys. */
  readonly others?: readonly string[];
}

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);

const kindsUpTo = (atMost: AtMost): readonly Kind[] => [
  ...MOMENTS.flatMap((moment) => numbers(atMost.call).map((nth) => ({ kind: 'call', nth, moment }) as const)),
  ...numbers(atMost.transaction).map((nth) => ({ kind: 'transaction', nth, moment: 'before' }) as const),
];

const MOVE: AtMost = { call: 11, transaction: 5 };
const REBUILD: AtMost = { call: 5, transaction: 3 };
const TAKE_OVER: AtMost = { call: 14, transaction: 6 };
const SHRED: AtMost = { call: 7, transaction: 4 };
const KEYS = UNHURT + kindsUpTo(TAKE_OVER).length;

/** On the built product: its processes, its database, and the key managers of the stand-in cloud. */
describe('kill -9 at each step', () => {
  let year: TenantYear;
  let holds: StepHolds;
  let database: Client;

  beforeAll(async () => {
    year = await TenantYear.begin();
    [holds, database] = [await StepHolds.open(year.service), await openDatabase(year.service)];
    await year.encryptVms(KEYS);
  });
  afterAll(async () => {
    await Promise.all([holds.close(), database.end()]);
    await year.end();
  });

  it('of a move to another key manager', async () => {
    await cutEach(MOVE, async () => {
      await year.bind(await year.order({ serviceName: 'hs-crypto' }));
      const isOver = async () => (await former()).length === 0;
      return { others: await former(), isOver, kill: killMovers };
    });
    expect(await year.report('formerRootKeys')).toMatch(/"former_root_keys":\[\]/);
  });

  it('of a rebuild of the catalog, which brings back who is suspended as well', async () => {
    const suspended = year.living.slice(-2);
    await cutEach(
      REBUILD,
      async () => {
        for (const id of suspended) await year.suspend(id, true);
        const rows = await CatalogRows.open(year.service);
        await rows.forgetKeys(year.api.instanceId);
        await rows.close();
        return killableCommand(year.service, 'catalog', 'rebuild', '--instance', year.api.instanceId);
      },
      suspended,
    );
    for (const id of suspended) await year.suspend(id, false);
  });

  it('of taking over the keys of an instance that was removed', async () => {
    await cutEach(TAKE_OVER, async () => {
      const removed = await year.removeInstance();
      await year.orderAgain();
      const into = year.api.instanceId;
      return killableCommand(year.service, 'instance', 'take-over', '--instance', into, '--from', removed);
    });
  });

  it('of a shred plan, whose record is intact and names what was there', async () => {
    await cutEach(SHRED, async (keys) => {
      const stored = await Promise.all(keys.map(async (id) => (await year.custodyOf(id)).stored_key_id));
      const plan = await year.api.ok<{ id: string; hash: string }>('POST', '/shred_plans', {
        scope: 'keys',
        key_ids: keys,
      });
      for (const id of keys) year.gone.set(id, /The key was destroyed.*\[key_destroyed\]/);
      let state: unknown;
      const execute = async (): Promise<void> => {
        while (state !== 'completed') {
          const answer = await year.api.ok('POST', `/shred_plans/${plan.id}/execute?confirm=${plan.hash}`);
          state = answer['state'];
        }
      };
      // They would carry out what was ordered; here the plan itself does.
      await pauseRounds();
      return {
        others: [plan.id],
        goOn: () => void execute().catch(() => undefined),
        isOver: async () => {
          if (state !== 'completed') return false;
          const record = await requireIntactRecord(year.api, plan.id);
          const named = record.keys.map((key) => [key.id, key.stored_key_id, key.stored_key, key.others_of_the_name]);
          expect(named).toEqual(keys.map((id, index) => [id, stored[index], 'deleted', 0]).sort());
          await freeLeases();
          return true;
        },
        kill: () => killProcesses(year.service, ['management-api']),
      };
    });
  });

  /** @param refused keys that are not served afterwards */
  async function cutEach(
    atMost: AtMost,
    begin: (keys: readonly string[]) => Promise<Begun>,
    refused: readonly string[] = [],
  ): Promise<void> {
    let left = kindsUpTo(atMost);
    for (let tries = 1; left.length > 0 && tries <= TRIES; tries += 1) {
      const unhurt = year.living.slice(0, UNHURT);
      const cut = year.living.slice(UNHURT, UNHURT + left.length);
      const { others = [], ...undertaking } = await begin([...unhurt.slice(1), ...cut]);
      const ofKeys = cut.flatMap((about, index) => stepsOf(about, left.slice(index, index + 1)));
      const ofOthers = others.flatMap((about) =>
        stepsOf(
          about,
          kindsUpTo(atMost).filter(({ kind }) => kind === 'transaction'),
        ),
      );
      await holds.place([...ofKeys, ...ofOthers]);
      const deaths = await killAtEach(holds, undertaking);
      const died = new Set(deaths.map(({ about }) => about));
      const taken = await holds.end([...others, ...unhurt.slice(1), ...cut.filter((id) => !died.has(id))]);
      for (const about of others) {
        const { length } = taken.get(about)?.transactions ?? [];
        const nths = deaths.filter((death) => death.about === about).map(({ nth }) => nth);
        expect(nths).toEqual(numbers(Math.min(length, atMost.transaction)));
        taken.delete(about);
      }
      const steps = countOf([...taken.values()], atMost);
      left = left.filter(
        (kind) => kind.nth <= steps[kind.kind] && !deaths.some((death) => death.isSure && isSame(death, kind)),
      );
      expect(await year.wrong(refused)).toEqual([]);
      await expectSettled();
    }
    expect(left).toEqual([]);
  }

  /** Of the transactions of an instance as such: its binding is there until its keys are gone from under it. */
  async function former(): Promise<readonly string[]> {
    const sql = 'SELECT id FROM root_key_bindings WHERE instance_id = $1 AND root_key_id <> $2';
    const { rows } = await database.query<{ id: string }>(sql, [year.api.instanceId, year.home.rootKey.id]);
    return rows.map(({ id }) => id);
  }

  /**
   * Keys whose move was cut count as under way until the reconciler has settled them, and who meets nothing else waits a
   * minute. The short form lets the reconciler go first.
   */
  async function killMovers(): Promise<() => Promise<void>> {
    if (!IS_LONG) await holdLeases('custody-sweep');
    const back = await killProcesses(year.service, GATEWAYS);
    return async () => {
      await back();
      if (!IS_LONG) await until('cut moves are settled', SETTLED_WITHIN_MS, async () => (await openNotes()) === 0);
      await freeLeases();
    };
  }

  /** What gateways do by themselves; one that goes on until its lease ends is killed. */
  async function pauseRounds(): Promise<void> {
    await holdLeases('reconcile', 'custody-sweep', 'key-notes', 'root-key-tests');
    const back = await killProcesses(year.service, GATEWAYS);
    await back();
  }

  async function holdLeases(...names: readonly string[]): Promise<void> {
    await database.query(
      `INSERT INTO leases (name, owner, term, expires_at) SELECT unnest($1::text[]), 'nobody', 1, 'infinity'
        ON CONFLICT (name) DO UPDATE SET owner = EXCLUDED.owner, expires_at = EXCLUDED.expires_at`,
      [names],
    );
  }

  async function freeLeases(): Promise<void> {
    await database.query(`UPDATE leases SET expires_at = '-infinity' WHERE owner = 'nobody'`);
  }

  /** No key has two stored keys or none, and no note of work is open. */
  async function expectSettled(): Promise<void> {
    const expected = year.living.map((id) => `vmware_kmip_${id}`).sort();
    const found = async () => ({ stored: await year.storedKeys(), open: await openNotes() });
    const isSettled = async () => {
      const { stored, open } = await found();
      return open === 0 && stored.join() === expected.join();
    };
    await until('nothing is left over', SETTLED_WITHIN_MS, isSettled).catch(() => undefined);
    expect(await found()).toEqual({ stored: expected, open: 0 });
  }

  async function openNotes(): Promise<number> {
    const { rows } = await database.query<{ open: number }>(
      `SELECT (SELECT count(*)::integer FROM custody_moves) + (SELECT count(*)::integer FROM creation_intents)
        + (SELECT count(*)::integer FROM managed_objects WHERE destroy_requested_at IS NOT NULL AND state <> 'Destroyed')
        AS open`,
    );
    return rows[0]?.open ?? 0;
  }
});

const stepsOf = (about: string, kinds: readonly Kind[]): readonly Step[] => kinds.map((kind) => ({ ...kind, about }));

const isSame = (one: Kind, other: Kind): boolean =>
  one.kind === other.kind && one.nth === other.nth && one.moment === other.moment;

/**
 * How many steps a key takes, by those at which nobody was held: a few of them were under way when somebody was killed at
 * others, and took more. Calls that come after the last one which changed
 * something belong to a repetition, or change nothing outside.
 */
function countOf(taken: readonly Done[], atMost: AtMost): Readonly<Record<Step['kind'], number>> {
  const call = Math.min(...taken.map(({ calls }) => lastWrite(calls)));
  const transaction = Math.min(...taken.map(({ transactions }) => transactions.length));
  expect(call).toBeGreaterThan(0);
  expect(transaction).toBeGreaterThan(0);
  // With more steps than that there are some at which nobody was killed.
  expect(call).toBeLessThan(atMost.call);
  expect(transaction).toBeLessThan(atMost.transaction);
  return { call, transaction };
}

function lastWrite(calls: readonly string[]): number {
  const last = calls.findLastIndex((name) => isOperation(name) && KMS_OPERATIONS[name].writes);
  return last === -1 ? calls.length : last + 1;
}
