import { vcenter } from '@lib/kmip-client';

import { createKey, fetchKey, nameAttribute, stateOf } from '../../e2e/support/keys';
import { until } from '../../e2e/support/running-service';
import { type KnownKey, Violation } from './known-key';
import { type Region } from './region';
import { describeSchedule, type Planned, scheduleOf } from './schedule';
import { SeedTenant } from './tenant';
import { Trouble } from './trouble';
import { Workload } from './workload';

/** From when on every process runs until every client is served again, on both endpoints and by the API. */
const WHOLE_WITHIN_MS = 10_000;
/** Rounds of the reconciler, and what it has to wait for. */
const SETTLED_WITHIN_MS = 60_000;
/** Drain, farewell and what a busy machine adds. */
const ENDED_WITHIN_MS = 10_000;
/** The time that a start takes is the machine's. */
const STARTED_WITHIN_MS = 60_000;
const ENDPOINTS = [0, 1] as const;

/** The run of one seed. */
export class Trial {
  readonly schedule: readonly Planned[];
  readonly trouble: Trouble;
  readonly workload: Workload;
  /** From the beginning of the quiet until all processes ran, and from then until all were served again. */
  restartedAfterMs = 0;
  wholeAfterMs = 0;
  /** When the last operation was asked for that nobody may have answered (`performance.now()`). */
  lastAskedMs = 0;

  private constructor(
    private readonly region: Region,
    readonly seed: number,
    readonly tenant: SeedTenant,
  ) {
    this.schedule = scheduleOf(seed);
    this.trouble = new Trouble(region, this.schedule);
    this.workload = new Workload(region, tenant, seed);
  }

  static async open(region: Region, seed: number): Promise<Trial> {
    return new Trial(region, seed, await SeedTenant.open(region, seed));
  }

  /** How it is done again, and what goes wrong in it. */
  get title(): string {
    return `npm run test:faults -- --seed ${this.seed}\n${describeSchedule(this.schedule)}`;
  }

  get summary(): string {
    const { acknowledged, keys, guests } = this.workload;
    const counts = [...acknowledged].map(([name, count]) => `${name} ${count}`).join(', ');
    const left = this.trouble.leftOut.map((what) => `\nleft out: ${what}`).join('');
    return `${counts}; ${keys.length} keys, ${guests.removals} certificates removed; started again after ${Math.round(this.restartedAfterMs)} ms, whole ${Math.round(this.wholeAfterMs)} ms later${left}`;
  }

  /** Trouble, then quiet; every client is whole in time, and nothing that was answered is undone. */
  async run(): Promise<void> {
    const endedBefore = this.region.ended.length;
    await this.#whole('before anything goes wrong');
    this.workload.start();
    try {
      await this.trouble.run();
      const quietSinceMs = performance.now();
      await this.#started(endedBefore);
      this.restartedAfterMs = performance.now() - quietSinceMs;
      await this.#whole('after it is quiet');
      this.wholeAfterMs = performance.now() - quietSinceMs - this.restartedAfterMs;
      await this.#soon('the root key is rotated', () => this.workload.rotate());
    } finally {
      await this.workload.stop();
      this.lastAskedMs = performance.now();
    }
    this.#requireNone(this.workload.violations);
    this.#requireOnlyKilled(this.region.ended.slice(endedBefore));
    await this.#everyStoredKeyIsKnown();
    await this.#readEverything(this.workload.keys.filter(({ isCertainlyServed }) => isCertainlyServed));
    await this.#nobodyRemovedIsServed();
  }

  /** Whoever was ended is gone in time, and started again. */
  async #started(endedBefore: number): Promise<void> {
    const alive = (): readonly string[] => {
      const left = [...this.trouble.killed];
      for (const { name } of this.region.ended.slice(endedBefore)) remove(left, name);
      return left;
    };
    await until('whoever was ended is gone', ENDED_WITHIN_MS, () => alive().length === 0).catch(() => {
      throw new Violation(`did not end within ${ENDED_WITHIN_MS} ms: ${alive().join()}`);
    });
    await until('every process runs', STARTED_WITHIN_MS, () => this.region.runs());
  }

  async #whole(when: string): Promise<void> {
    const { region, tenant } = this;
    const endpoints = ENDPOINTS.map((endpoint) =>
      this.#soon(`endpoint ${endpoint + 1} serves ${when}`, async () => {
        const client = await region.kmip(tenant.identity, endpoint);
        try {
          const answer = await fetchKey(client, await createKey(client));
          if (!('hex' in answer)) throw new Error(answer.message);
        } finally {
          await client.close();
        }
      }),
    );
    await Promise.all([...endpoints, this.#soon(`the API serves ${when}`, () => tenant.api('GET', '/keys'))]);
  }

  /** It is tried until it succeeds. @throws with what it failed with last */
  async #soon(what: string, attempt: () => Promise<unknown>): Promise<void> {
    let last = '';
    await until(what, WHOLE_WITHIN_MS, async () => {
      try {
        await attempt();
        return true;
      } catch (error) {
        last = String(error);
        return false;
      }
    }).catch((error: unknown) => {
      throw new Violation(`${String(error)}: ${last}`);
    });
  }

  #requireNone(violations: readonly string[]): void {
    if (violations.length > 0) throw new Violation(violations.join('\n'));
  }

  /** Processes end only when somebody ends them. A database without room cannot go on. */
  #requireOnlyKilled(ended: Region['ended']): void {
    const left = [...this.trouble.killed];
    const isDiskFull = this.schedule.some(({ fault }) => fault.kind === 'full disk');
    for (const { name, how } of ended) {
      if (!remove(left, name) && !(isDiskFull && name === 'postgres')) throw new Violation(`nobody ended it: ${how}`);
    }
  }

  /** At any time: a row, or the intent of a Create. */
  async #everyStoredKeyIsKnown(): Promise<void> {
    const stored = await this.tenant.storedKeys();
    const rows = await this.region.query<{ id: string }>(
      `SELECT id FROM managed_objects WHERE instance_id = $1 UNION SELECT id FROM creation_intents WHERE instance_id = $1`,
      [this.tenant.demo.instanceId],
    );
    const known = new Set(rows.map(({ id }) => `vmware_kmip_${id}`));
    const unknown = stored.filter((name) => !known.has(name));
    if (unknown.length > 0) throw new Violation(`stored keys of which nobody knows: ${unknown.join()}`);
  }

  /** Each key on both endpoints: in one state, one that it can be in, and its bytes if it is served. */
  async #readEverything(keys: readonly KnownKey[], { settled = false } = {}): Promise<void> {
    const clients = await Promise.all(ENDPOINTS.map((endpoint) => this.region.kmip(this.tenant.identity, endpoint)));
    try {
      for (const key of keys) {
        if (key.id === undefined) continue;
        const id = key.id;
        const seen = await Promise.all(
          clients.map(async (client) => {
            const answer = await fetchKey(client, id);
            if ('hex' in answer) key.timesServed += 1;
            return { state: await stateOf(client, id), bytes: 'hex' in answer ? answer.hex : answer.message };
          }),
        );
        this.#judge(key, seen, settled);
      }
    } finally {
      await Promise.all(clients.map((client) => client.close()));
    }
  }

  #judge(key: KnownKey, [one, two]: readonly Seen[], settled: boolean): void {
    const wrong = one === undefined || two === undefined ? 'was not read' : wrongWith(key, one, two, settled);
    if (wrong === undefined) return;
    const known = { possible: [...key.possible], suspension: key.suspension, served: key.hex !== undefined };
    const shown = [one, two].map((seen) => ({ ...seen, bytes: isKey(seen?.bytes) ? 'a key' : seen?.bytes }));
    throw new Violation(`it ${wrong}: ${key.told}; ${JSON.stringify({ known, shown })}`);
  }

  async #nobodyRemovedIsServed(): Promise<void> {
    const { guests } = this.workload;
    for (const guest of guests.guests) {
      if (guest.standing !== 'removed') continue;
      await guests.requireRefused(guest, async (client) => {
        const item = (await client.send(vcenter.createKey())).batchItems[0];
        return item?.response?.name === 'Create';
      });
    }
    await guests.close();
  }

  /** Everything once more, when whatever was interrupted is settled: what is not destroyed or suspended is served. */
  async checkSettled(): Promise<void> {
    await this.#findUnanswered();
    await this.#readEverything(this.workload.keys, { settled: true });
    let difference = 'nothing was compared';
    await until('stored keys and rows agree', SETTLED_WITHIN_MS, async () => {
      difference = await this.#difference();
      return difference === '';
    }).catch((error: unknown) => {
      throw new Violation(`stored keys and rows differ: ${difference} (${String(error)})`);
    });
  }

  /** Of stored keys and of rows that are not destroyed: each once here and once there. @returns '' for none */
  async #difference(): Promise<string> {
    const stored = await this.tenant.storedKeys();
    const rows = await this.region.query<{ id: string }>(
      `SELECT id FROM managed_objects WHERE instance_id = $1 AND state <> 'Destroyed'`,
      [this.tenant.demo.instanceId],
    );
    const live = rows.map(({ id }) => `vmware_kmip_${id}`);
    if (stored.toSorted().join() === live.toSorted().join()) return '';
    const orphans = stored.filter((name) => !live.includes(name));
    const missing = live.filter((name) => !stored.includes(name));
    const twice = stored.filter((name, index) => stored.indexOf(name) !== index);
    return JSON.stringify({ orphans, missing, twice });
  }

  /** A Create that nobody was answered for may have come to be: then its key is as whole as any. */
  async #findUnanswered(): Promise<void> {
    const client = await this.region.kmip(this.tenant.identity, 0);
    for (const key of this.workload.keys) {
      if (key.id !== undefined) continue;
      const { uniqueIdentifiers } = await client.locate([nameAttribute(key.name)]);
      if (uniqueIdentifiers.length > 1) throw new Violation(`${key.name} was made ${uniqueIdentifiers.length} times`);
      key.id = uniqueIdentifiers[0];
    }
    await client.close();
  }
}

/** @returns whether it was there */
function remove(names: string[], name: string): boolean {
  const index = names.indexOf(name);
  if (index >= 0) names.splice(index, 1);
  return index >= 0;
}

interface Seen {
  readonly state: string | undefined;
  /** The key in hex, or why it was refused. */
  readonly bytes: string;
}

const isKey = (text = ''): boolean => /^[0-9a-f]{64}$/.test(text);

function wrongWith(key: KnownKey, one: Seen, two: Seen, settled: boolean): string | undefined {
  const possible: ReadonlySet<string> = key.possible;
  if (one.state !== two.state || one.bytes !== two.bytes) return 'differs';
  if (!possible.has(one.state ?? 'Destroyed')) return 'is in a state that it cannot be in';
  if (isKey(one.bytes)) return wrongWithBytes(key, one.bytes);
  const isWhole = settled && one.state !== 'Destroyed' && key.suspension === 'off';
  return key.isCertainlyServed || isWhole ? 'is not served' : undefined;
}

function wrongWithBytes(key: KnownKey, hex: string): string | undefined {
  if (key.isWithdrawn) return 'is served although it was withdrawn';
  return key.hex !== undefined && key.hex !== hex ? 'has other bytes' : undefined;
}
