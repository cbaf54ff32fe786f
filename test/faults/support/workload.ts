import { type KmipClient } from '@lib/kmip-client';
import { KmipError, ResultReason, RevocationReasonCode } from '@lib/kmip-protocol';
import { Dice } from '@lib/testing';

import { createNamed, fetchKey } from '../../e2e/support/keys';
import { GuestBook } from './guest-book';
import { type Change, KnownKey, type Outcome, Violation } from './known-key';
import { RefusedCall, type Region } from './region';
import { type SeedTenant } from './tenant';

const LANES = 3;
const ROTATE = 'Rotate';
const ROTATED_LATELY = 409;
/** The client goes to the other endpoint after a failure, and not faster than this. */
const PAUSE_MS = 20;
const CERTAINLY_REFUSED: readonly ResultReason[] = [
  ResultReason.ItemNotFound,
  ResultReason.IllegalOperation,
  ResultReason.AuthenticationNotSuccessful,
];

/** Some clients of one tenant, who change and fetch keys without pause and keep what they were told. */
export class Workload {
  readonly keys: KnownKey[] = [];
  readonly violations: string[] = [];
  /** Operations that were acknowledged, by name. */
  readonly acknowledged = new Map<string, number>();
  readonly guests: GuestBook;
  #isOver = false;
  #mayBeRotated = false;
  #running: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly region: Region,
    private readonly tenant: SeedTenant,
    private readonly seed: number,
  ) {
    this.guests = new GuestBook(region, tenant);
  }

  start(): void {
    const lanes = Array.from({ length: LANES }, (_, lane) => new Lane(this, this.region, this.tenant, lane, this.seed));
    this.#running = Promise.all([
      ...lanes.map((lane) =>
        this.#repeat(
          () => lane.step(),
          () => lane.close(),
        ),
      ),
      this.#administrate(),
      this.#receiveGuests(),
    ]);
  }

  /** Resolves when the last operation has been answered, or given up. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  count(operation: string): void {
    this.acknowledged.set(operation, (this.acknowledged.get(operation) ?? 0) + 1);
  }

  /** The key manager allows it once an hour. @throws until it was acknowledged */
  async rotate(): Promise<void> {
    if (this.acknowledged.has(ROTATE)) return;
    try {
      await this.tenant.rotateRootKey();
    } catch (error) {
      const status = error instanceof RefusedCall ? error.status : 500;
      const isDone = status === ROTATED_LATELY && this.#mayBeRotated;
      this.#mayBeRotated ||= status >= 500;
      if (!isDone) throw error;
    }
    this.count(ROTATE);
  }

  /** Fetches a key. What must not be served, and other bytes than before, are violations. */
  async fetch(client: KmipClient, key: KnownKey): Promise<void> {
    const { id, epoch, isWithdrawn } = key;
    if (id === undefined) return;
    const answer = await fetchKey(client, id);
    if (!('hex' in answer)) throw new KmipError(answer.reason as ResultReason, answer.message);
    key.timesServed += 1;
    this.count('Get');
    if (isWithdrawn && epoch === key.epoch) {
      throw new Violation(`served at ${new Date().toISOString()} after it was withdrawn: ${key.told}`);
    }
    if (key.hex !== undefined && key.hex !== answer.hex) throw new Violation(`other bytes than before: ${key.told}`);
    key.hex = answer.hex;
  }

  /** Failures are what this is about; only violations are kept. */
  async #repeat(step: () => Promise<void>, end: () => Promise<void>): Promise<void> {
    while (!this.#isOver) {
      try {
        await step();
      } catch (error) {
        if (error instanceof Violation) this.violations.push(error.message);
        await end();
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
    await end();
  }

  /** The tenant's administrator: suspends keys and lets them be used again, and rotates the root key. */
  async #administrate(): Promise<void> {
    const dice = new Dice(this.seed * 31 + 17);
    await this.#repeat(
      async () => {
        const key = this.keys.length === 0 ? undefined : dice.pick(this.keys);
        await new Promise((resolve) => setTimeout(resolve, 100 + dice.below(200)));
        if (!this.acknowledged.has(ROTATE) && dice.chance(0.3)) {
          await this.rotate();
          return;
        }
        if (key?.id === undefined) return;
        const suspended = key.suspension !== 'on';
        key.begin();
        const outcome = await toldBy(() => this.tenant.api('PATCH', `/keys/${key.id ?? ''}`, { suspended }));
        key.noteSuspension(suspended, outcome);
        key.end();
        if (outcome === 'acknowledged') this.count('Suspend or resume');
      },
      () => Promise.resolve(),
    );
  }

  async #receiveGuests(): Promise<void> {
    const dice = new Dice(this.seed * 31 + 19);
    await this.#repeat(
      async () => {
        await this.guests.step(dice, async (client) => {
          const key = this.keys.find(({ isCertainlyServed, id }) => isCertainlyServed && id !== undefined);
          if (key !== undefined) await this.fetch(client, key);
          return key !== undefined;
        });
      },
      () => Promise.resolve(),
    );
  }
}

/** What the caller of the tenant API knows then. */
export async function toldBy(call: () => Promise<unknown>): Promise<Outcome> {
  try {
    await call();
    return 'acknowledged';
  } catch (error) {
    return error instanceof RefusedCall && error.status < 500 ? 'refused' : 'unknown';
  }
}

/** A client with one connection, to the other endpoint after each failure. */
class Lane {
  readonly #dice: Dice;
  readonly #own: KnownKey[] = [];
  #client: KmipClient | undefined;
  #endpoint: number;

  constructor(
    private readonly workload: Workload,
    private readonly region: Region,
    private readonly tenant: SeedTenant,
    private readonly lane: number,
    seed: number,
  ) {
    this.#dice = new Dice(seed * 31 + lane);
    this.#endpoint = lane % 2;
  }

  async step(): Promise<void> {
    this.#client ??= await this.region.kmip(this.tenant.identity, this.#endpoint);
    const client = this.#client;
    const what = this.#dice.below(10);
    if (what < 3 || this.#own.length === 0) {
      await this.#create(client);
      return;
    }
    if (what < 7) {
      await this.workload.fetch(client, this.#dice.pick(this.workload.keys));
      return;
    }
    if (what < 8) {
      await this.#locate(client);
      return;
    }
    await this.#change(client, this.#dice.pick(this.#own));
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#endpoint = 1 - this.#endpoint;
    await client?.close();
  }

  async #create(client: KmipClient): Promise<void> {
    const key = new KnownKey(`lane ${this.lane}, key ${this.#own.length}`);
    this.#own.push(key);
    this.workload.keys.push(key);
    key.id = await createNamed(client, key.name);
    this.workload.count('Create');
    await this.workload.fetch(client, key);
  }

  async #change(client: KmipClient, key: KnownKey): Promise<void> {
    const { id } = key;
    if (id === undefined) return;
    const change = this.#dice.pick<Change>(['Activate', 'Activate', 'Revoke', 'Destroy']);
    const calls: Readonly<Record<Change, () => Promise<unknown>>> = {
      Activate: () => client.activate(id),
      Revoke: () => client.revoke(id, { revocationReasonCode: RevocationReasonCode.CessationOfOperation }),
      Destroy: () => client.destroy(id),
    };
    key.begin();
    try {
      await calls[change]();
      key.note(change, 'acknowledged');
      this.workload.count(change);
    } catch (error) {
      const isRefused = error instanceof KmipError && CERTAINLY_REFUSED.includes(error.reason);
      if (!(error instanceof Violation)) key.note(change, isRefused ? 'refused' : 'unknown');
      if (!isRefused) throw error;
    } finally {
      key.end();
    }
  }

  /** Each key that was acknowledged and cannot have been destroyed is found. */
  async #locate(client: KmipClient): Promise<void> {
    const known = this.workload.keys.filter(
      ({ id, possible, isBeingChanged }) => id !== undefined && !possible.has('Destroyed') && !isBeingChanged,
    );
    const epochs = known.map(({ epoch }) => epoch);
    const { uniqueIdentifiers } = await client.locate([]);
    this.workload.count('Locate');
    for (const [index, key] of known.entries()) {
      if (key.epoch !== epochs[index] || uniqueIdentifiers.includes(key.id ?? '')) continue;
      throw new Violation(`not found by Locate: ${key.told}`);
    }
  }
}
