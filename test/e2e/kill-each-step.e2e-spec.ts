import { randomUUID } from 'node:crypto';

import { type KmipClient } from '@lib/kmip-client';
import { KmipError } from '@lib/kmip-protocol';
import { type Client } from 'pg';

import { CommitBarrier, type Write } from './support/commit-barrier';
import { openDatabase } from './support/database';
import { createKey, createNamed, fetchKey, nameAttribute } from './support/keys';
import { RunningService, until } from './support/running-service';
import { addTenant, type Tenant } from './support/second-tenant';
import { WriteTrace } from './support/write-trace';

jest.setTimeout(300_000);

const WITHIN_MS = 60_000;

const OPERATIONS = ['Create', 'Destroy'] as const;
type Operation = (typeof OPERATIONS)[number];
/** A whole key is in the catalog and once in the key manager, and is served; of one that is gone nothing is left. */
type End = 'whole' | 'gone';
/** A call that met its time-out was made again, and nobody knows how far it came before the process died. */
type LikelyEnd = End | 'either';
const DONE: Readonly<Record<Operation, End>> = { Create: 'whole', Destroy: 'gone' };
/**
 * The process dies before it is done, or after it was done and before the process learned of it. A statement of Create
 * that the database has begun with takes effect all the same: it needs no COMMIT of the process.
 */
const MOMENTS = ['before', 'after'] as const;
type Moment = (typeof MOMENTS)[number];

interface Part {
  readonly name: string;
  readonly does: { readonly call: string; readonly times?: number } | Write;
  /** What comes of the key when the process dies at that moment. */
  readonly ends: Readonly<Record<Moment, End>>;
}

interface Step extends Omit<Part, 'ends'> {
  readonly operation: Operation;
  readonly moment: Moment;
  readonly end: End;
}

const row = (write: Write['write'], where = 'true'): Write => ({ table: 'managed_objects', write, where });

/** Everything that an operation does outside of its process, in order. A test compares it with what it really does. */
const PARTS: Readonly<Record<Operation, readonly Part[]>> = {
  Create: [
    {
      name: 'intent',
      does: { table: 'creation_intents', write: 'INSERT', where: 'true' },
      ends: { before: 'gone', after: 'gone' },
    },
    { name: 'wrap', does: { call: 'secrets.wrap' }, ends: { before: 'gone', after: 'gone' } },
    // Asked beside the store, which is not held.
    { name: 'unwrap', does: { call: 'secrets.unwrap' }, ends: { before: 'whole', after: 'whole' } },
    { name: 'store', does: { call: 'secrets.create' }, ends: { before: 'gone', after: 'whole' } },
    { name: 'read back', does: { call: 'secrets.read' }, ends: { before: 'whole', after: 'whole' } },
    { name: 'row', does: row('INSERT'), ends: { before: 'whole', after: 'whole' } },
  ],
  Destroy: [
    { name: 'order', does: row('UPDATE', `NEW.state <> 'Destroyed'`), ends: { before: 'whole', after: 'gone' } },
    { name: 'search', does: { call: 'secrets.list' }, ends: { before: 'gone', after: 'gone' } },
    { name: 'delete', does: { call: 'secrets.delete' }, ends: { before: 'gone', after: 'gone' } },
    { name: 'second search', does: { call: 'secrets.list', times: 2 }, ends: { before: 'gone', after: 'gone' } },
    { name: 'row', does: row('UPDATE', `NEW.state = 'Destroyed'`), ends: { before: 'gone', after: 'gone' } },
  ],
};

const isCommit = (does: Part['does']): does is Write => 'table' in does;
const spell = (does: Part['does']): string => (isCommit(does) ? `${does.table} ${does.write}` : does.call);
const labelOf = ({ operation, name, moment }: Omit<Step, 'end'>): string => `${operation} ${moment} ${name}`;

const STEPS: readonly Step[] = OPERATIONS.flatMap((operation) =>
  PARTS[operation].flatMap(({ ends, ...part }) =>
    MOMENTS.map((moment) => ({ ...part, operation, moment, end: ends[moment] })),
  ),
);

const commits = (moment: Moment): readonly Step[] =>
  STEPS.filter((step) => step.moment === moment && isCommit(step.does));

/** More are not held in one kill: the first would meet the time-out of its call before the last one is held. */
const HELD_AT_ONCE = 3;
/** Where the machine stalls and one may have met it all the same, it is held again. */
const TRIES = 5;
/** Well below the time-out of a call to the key manager, which is the shortest (`tryMs`). */
const SURELY_HELD_MS = 2_500;

const inGroups = (steps: readonly Step[]): readonly (readonly Step[])[] =>
  Array.from({ length: Math.ceil(steps.length / HELD_AT_ONCE) }, (_, group) =>
    steps.slice(group * HELD_AT_ONCE, (group + 1) * HELD_AT_ONCE),
  );

/**
 * Steps whose process dies in one kill: each is held, one after the other, and stays so while the next ones pass.
 * A commit that is not answered keeps its locks, so only one waits at a time.
 */
const ROUNDS: readonly (readonly Step[])[] = [
  ...MOMENTS.flatMap((moment) => inGroups(STEPS.filter((step) => step.moment === moment && !isCommit(step.does)))),
  // The last one first: no other comes past it.
  ...OPERATIONS.map((operation) =>
    commits('before')
      .filter((step) => step.operation === operation)
      .toReversed(),
  ),
  ...commits('after').map((step) => [step]),
];

interface Held extends Omit<Step, 'end'> {
  readonly end: LikelyEnd;
  /** Name of the key that a Create asks for: another one each time. */
  readonly label: string;
  /** Of a Create it is known by its intent. */
  readonly key?: string | undefined;
  /** The key's bytes, of one that was acknowledged before. */
  readonly hex?: string;
}

/** Rounds of the gateways that call the key manager too: one of their calls could be held in the place of a client's. */
const BACKGROUND_ROUNDS = ['reconcile', 'custody-sweep', 'key-notes', 'root-key-tests'] as const;

interface LoggedRequest {
  readonly service: string;
  readonly operation: string;
  readonly instance?: string;
  readonly silenced?: true;
}

describe('kill -9 at each step of Create and Destroy', () => {
  let service: RunningService;
  let tenant: Tenant;
  let barrier: CommitBarrier;
  let trace: WriteTrace;
  let database: Client;
  const died: Held[] = [];
  /** Keys a client was answered for, with their bytes. */
  const acknowledged = new Map<string, string>();

  beforeAll(async () => {
    service = await RunningService.start({ environment: { RECONCILE_EVERY_MS: '200' } });
    tenant = await addTenant(service, 'killed', ['Viewer', 'Manager']);
    barrier = await CommitBarrier.open(service, 'creation_intents', 'managed_objects');
    await barrier.awaitStandby();
    trace = await WriteTrace.open(service);
    database = await openDatabase(service);
    await pauseRounds();
  });

  afterAll(async () => {
    await Promise.all([barrier.end(), trace.end(), database.end()]).finally(() => service.remove());
  });

  it('knows every call and every transaction of both', async () => {
    const client = await tenant.connect(0);
    let key = '';
    for (const operation of OPERATIONS) {
      const before = key === '' ? 0 : (await trace.of(key)).length;
      await service.localCloud('DELETE', '/requests');
      if (operation === 'Create') key = await createKey(client);
      else await client.call('Destroy', { uniqueIdentifier: key });
      const parts = PARTS[operation].map(({ does }) => does);
      const asked = (await requests()).map((request) => request.operation);
      expect(asked.toSorted()).toEqual(
        parts
          .filter((does) => !isCommit(does))
          .map(spell)
          .toSorted(),
      );
      const written = (await trace.of(key)).slice(before);
      const known = parts.filter(isCommit).map(spell);
      expect(written.map((writes) => known.find((write) => writes.includes(write)) ?? writes)).toEqual(known);
    }
    await client.close();
  });

  it.each(ROUNDS.map((steps) => ({ steps, names: steps.map(labelOf).join(', ') })))(
    'cuts $names',
    async ({ steps }) => {
      let left = steps;
      for (let tries = 1; left.length > 0 && tries <= TRIES; tries += 1) left = await cut(left);
      expect(left).toEqual([]);
    },
  );

  it('has lost no acknowledged key, and each other one is whole or gone when all is settled', async () => {
    await database.query(`UPDATE leases SET expires_at = '-infinity'`);
    await until('nothing is left to settle', WITHIN_MS, settled);
    const stored = await storedKeys();
    const readers = await Promise.all([0, 1].map((endpoint) => tenant.connect(endpoint)));
    const served = (key: string): Promise<readonly string[]> =>
      Promise.all(readers.map((reader) => bytesOf(reader, key)));

    expect(acknowledged.size).toBeGreaterThan(0);
    for (const [key, hex] of acknowledged) expect([key, await served(key)]).toEqual([key, [hex, hex]]);
    for (const { key, hex, ...step } of died) {
      if (key === undefined) continue;
      const answers = await served(key);
      const copies = stored.filter((name) => name === `vmware_kmip_${key}`).length;
      const is = { step: labelOf(step), copies, answers };
      if (step.end === 'gone' || (step.end === 'either' && copies === 0)) {
        const refused: unknown = expect.stringMatching(/^refused/);
        expect(is).toEqual({ ...is, copies: 0, answers: [refused, refused] });
      } else {
        const bytes = hex ?? answers[0];
        expect(bytes).toMatch(/^[0-9a-f]{64}$/);
        expect(is).toEqual({ ...is, copies: 1, answers: [bytes, bytes] });
      }
    }
    expect(stored.toSorted()).toEqual((await liveKeys()).map((id) => `vmware_kmip_${id}`).toSorted());
    await Promise.all(readers.map((reader) => reader.close()));
  });

  /** Kills while all are held. @returns those that may have gone on before, because their call met its time-out */
  async function cut(steps: readonly Step[]): Promise<readonly Step[]> {
    const round = await Promise.all(steps.map(prepare));
    const before = (await trace.promised(tenant.instanceId)).length;
    const asked: { readonly answer: Promise<unknown>; readonly atMs: number }[] = [];
    for (const [index, { client, step }] of round.entries()) {
      const isReached = await hold(step, index + 1);
      const answer = ask(client, step).catch((error: unknown) => (error instanceof KmipError ? error : 'cut'));
      asked.push({ answer, atMs: performance.now() });
      await isReached();
    }
    const killedAtMs = await kill('kmip-gateway-1');
    await barrier.lift();
    await service.localCloud('DELETE', '/faults');
    const answers = await Promise.all(asked.map(({ answer }) => answer));
    await Promise.all(round.map(({ client }) => client.close()));

    // Only now, as a commit that was not answered shows when the wait has ended.
    const promised = (await trace.promised(tenant.instanceId)).slice(before);
    const cuts: Held[] = [];
    const again: Step[] = [];
    for (const [index, { step }] of round.entries()) {
      const isCut = answers[index] === 'cut';
      const isSure = isCut && killedAtMs - (asked[index]?.atMs ?? 0) < SURELY_HELD_MS;
      const held = step.operation === 'Create' ? { ...step, key: promised.shift() } : step;
      if (!isCut) expect(answers[index]).toBe(held.key);
      if (isSure) cuts.push(held);
      else again.push(steps[index] as Step);
      died.push(isSure ? held : { ...held, end: isCut ? 'either' : DONE[step.operation] });
    }
    expect(promised).toEqual([]);
    await comeAgain(cuts);
    return again;
  }

  /** A client of its own for the step, with a key to destroy where that is what it is about. */
  async function prepare(step: Step): Promise<{ readonly client: KmipClient; readonly step: Held }> {
    const client = await tenant.connect(0);
    const label = `${labelOf(step)}, ${randomUUID()}`;
    if (step.operation === 'Create') return { client, step: { ...step, label } };
    const key = await createKey(client);
    return { client, step: { ...step, label, key, hex: await bytesOf(client, key) } };
  }

  async function ask(client: KmipClient, step: Held): Promise<string> {
    if (step.operation === 'Destroy') {
      await client.call('Destroy', { uniqueIdentifier: step.key ?? '' });
      return step.key ?? '';
    }
    return await createNamed(client, step.label);
  }

  /** Holds whoever comes to that step. @returns what resolves when somebody has, as number so many of the round */
  async function hold({ does, moment, operation, end }: Held, number: number): Promise<() => Promise<void>> {
    if (isCommit(does)) {
      await (moment === 'before' ? barrier.holdBefore(does) : barrier.holdAfter(does));
      return () => barrier.reached(number);
    }
    const stored = (await storedKeys()).length;
    await service.localCloud('POST', '/faults', {
      match: { operations: [does.call], instance: tenant.keyManagerInstanceId },
      effect: { kind: 'hang', when: moment },
      skip: (does.times ?? 1) - 1,
      count: 1,
    });
    return async () => {
      await until(`${does.call} is held`, WITHIN_MS, async () => {
        return (await requests()).filter(({ silenced }) => silenced === true).length >= number;
      });
      // What is asked beside the store does not wait for it.
      if (operation === 'Create' && end === 'whole') {
        await until('the key is stored', WITHIN_MS, async () => (await storedKeys()).length > stored);
      }
    };
  }

  /** Resolves when the gateway serves again, under another pid, with when the other one died (`performance.now()`). */
  async function kill(gateway: string): Promise<number> {
    const pid = (await service.reload()).processes[gateway] ?? 0;
    process.kill(pid, 'SIGKILL');
    const killedAtMs = performance.now();
    await service.localCloud('DELETE', '/requests');
    await until('the gateway is started again', WITHIN_MS, async () => {
      return (await service.reload()).processes[gateway] !== pid;
    });
    return killedAtMs;
  }

  /** Every client that created asks again at once; of those that destroyed some leave it to the reconciler. */
  async function comeAgain(steps: readonly Held[]): Promise<void> {
    const client = await tenant.connect(0);
    for (const step of steps) {
      if (step.operation === 'Destroy') {
        if (step.moment === 'before' && step.end === 'gone') await ask(client, step);
      } else if (step.name === 'row') {
        await expect(ask(client, step)).rejects.toThrow(/Name/);
        expect((await client.locate([nameAttribute(step.label)])).uniqueIdentifiers).toEqual([step.key]);
      } else {
        const key = await ask(client, step);
        acknowledged.set(key, await bytesOf(client, key));
      }
    }
    await client.close();
  }

  /** Nobody but the clients calls the key manager until the leases run out at the end. */
  async function pauseRounds(): Promise<void> {
    await database.query(
      `INSERT INTO leases (name, owner, term, expires_at) SELECT unnest($1::text[]), 'nobody', 1, 'infinity'
        ON CONFLICT (name) DO UPDATE SET owner = EXCLUDED.owner, expires_at = EXCLUDED.expires_at`,
      [BACKGROUND_ROUNDS],
    );
    // Who holds one goes on with it for a while; whoever is started now does not get it.
    for (const gateway of ['kmip-gateway-1', 'kmip-gateway-2']) await kill(gateway);
  }

  /** As if an hour had gone by since whatever is open was begun or looked at. */
  async function settled(): Promise<boolean> {
    const intents = await database.query(
      `UPDATE creation_intents SET started_at = started_at - interval '1 hour', clear_since = clear_since - interval '1 hour'
        WHERE instance_id = $1`,
      [tenant.instanceId],
    );
    const orders = await database.query(
      `UPDATE managed_objects SET destroy_requested_at = destroy_requested_at - interval '1 hour'
        WHERE instance_id = $1 AND destroy_requested_at IS NOT NULL AND state <> 'Destroyed'`,
      [tenant.instanceId],
    );
    return intents.rowCount === 0 && orders.rowCount === 0;
  }

  async function liveKeys(): Promise<readonly string[]> {
    const { rows } = await database.query<{ id: string }>(
      `SELECT id FROM managed_objects WHERE instance_id = $1 AND state <> 'Destroyed'`,
      [tenant.instanceId],
    );
    return rows.map(({ id }) => id);
  }

  async function storedKeys(): Promise<readonly string[]> {
    const keys = await service.localCloud<{ name: string; state: number }[]>(
      'GET',
      `/instances/${tenant.keyManagerInstanceId}/keys`,
    );
    return keys.filter(({ name, state }) => name.startsWith('vmware_kmip_') && state === 1).map(({ name }) => name);
  }

  /** What was asked of the tenant's key manager. */
  async function requests(): Promise<readonly LoggedRequest[]> {
    const { latest } = await service.localCloud<{ latest: LoggedRequest[] }>('GET', '/requests');
    return latest.filter(({ instance }) => instance === tenant.keyManagerInstanceId);
  }
});

async function bytesOf(client: KmipClient, key: string): Promise<string> {
  const answer = await fetchKey(client, key);
  return 'hex' in answer ? answer.hex : `refused: ${answer.message}`;
}
