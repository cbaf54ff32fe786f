import { type Clock, type InstanceId } from '@lib/kernel';
import { type InstanceSigns, type PostgresInstanceChanges, type TrailPosition } from '@lib/persistence';
import { type ActivationLog } from '@lib/tenancy';

import { eventOfRecord, type InstanceEvent, positionText, resetEvent, TOLD_ACTIONS } from './instance-event';

/** Records in one look; more are one `reset`. */
const RECORDS = 200;
/** A client that connects again and again is told of so often. */
const SEEN_AGAIN_MS = 60_000;
/** After a change of certificates it is asked which endpoints know it, until all do, or for so long. */
const ACTIVATING_MS = 60_000;

/** What a look has found. */
export interface InstanceNews {
  /** Of records of the trail, in their order. */
  readonly records: readonly InstanceEvent[];
  /** Of what no record tells. */
  readonly signs: readonly InstanceEvent[];
}

export interface InstanceWatchParts {
  readonly changes: PostgresInstanceChanges;
  readonly activations: Pick<ActivationLog, 'of'>;
  readonly clock: Clock;
}

/** What is known of an instance, and what has become of it since the last look. */
export class InstanceWatch {
  #end: TrailPosition | undefined;
  #attempts = new Map<string, number>();
  #moves = new Map<string, string>();
  #activatingUntil = Number.NEGATIVE_INFINITY;
  #activation = '';

  constructor(
    private readonly parts: InstanceWatchParts,
    private readonly instanceId: InstanceId,
  ) {}

  /** Where the trail ended at the last look. */
  get end(): TrailPosition | undefined {
    return this.#end;
  }

  /** @returns what is new; the first time nothing @throws when the database does */
  async look(): Promise<InstanceNews> {
    const signs = await this.parts.changes.signs(this.instanceId);
    const before = this.#end;
    const recorded = before === undefined ? [] : await this.#recorded(before, signs.end);
    // As far as it is told: what comes between the two questions is for the next look.
    const end = recorded.at(-1)?.id ?? positionText(signs.end);
    // The last of the questions before anything is noted: a look that fails is made again, and tells all of it.
    const activation = await this.#activated(recorded, end);
    const news = [...this.#connections(signs, end), ...this.#progress(signs, end)];
    this.#end = signs.end;
    return before === undefined ? { records: [], signs: [] } : { records: recorded, signs: [...news, ...activation] };
  }

  async #recorded(before: TrailPosition, end: TrailPosition): Promise<readonly InstanceEvent[]> {
    if (end.seq === before.seq && end.mark === before.mark) return [];
    const { changes, clock } = this.parts;
    // A trail that was cut, or goes on otherwise, is of another database.
    if (end.seq < before.seq || !(await changes.has(this.instanceId, before))) return [resetEvent(end, clock.now())];
    const found = await changes.recorded(this.instanceId, before.seq, TOLD_ACTIONS, RECORDS + 1);
    if (found.length > RECORDS) return [resetEvent(end, clock.now())];
    return found.filter(({ seq }) => seq <= end.seq).map(eventOfRecord);
  }

  #connections({ attempts }: InstanceSigns, id: string): readonly InstanceEvent[] {
    const news = attempts.filter(({ id: attempt, verdict, lastAt }) => {
      const known = this.#attempts.get(attempt);
      const again = verdict === 'accepted' ? SEEN_AGAIN_MS : 1;
      return known === undefined || lastAt.getTime() - known >= again;
    });
    const told = new Set(news.map(({ id: attempt }) => attempt));
    // Those that were not told of keep the time at which they were: else a busy client would never be told of again.
    this.#attempts = new Map(
      attempts.map(({ id: attempt, lastAt }) => [
        attempt,
        told.has(attempt) ? lastAt.getTime() : (this.#attempts.get(attempt) ?? lastAt.getTime()),
      ]),
    );
    return news.toReversed().flatMap(({ id: attempt, verdict, lastAt, certificateId }) => {
      const common = { id, occurred_at: lastAt.toISOString() };
      const seen = verdict === 'accepted' && certificateId !== undefined;
      return [
        { ...common, type: 'attempt' as const, subject: attempt, state: verdict.replaceAll(/[^a-z0-9_-]/g, '_') },
        ...(seen ? [{ ...common, type: 'certificate.state' as const, subject: certificateId, state: 'seen' }] : []),
      ];
    });
  }

  #progress({ moves }: InstanceSigns, id: string): readonly InstanceEvent[] {
    const news = moves.filter(({ bindingId, state, moved }) => this.#moves.get(bindingId) !== `${state} ${moved}`);
    this.#moves = new Map(moves.map(({ bindingId, state, moved }) => [bindingId, `${state} ${moved}`]));
    return news.map(({ bindingId, state, moved, notedAt }) => ({
      id,
      type: 'move.progress',
      subject: bindingId,
      state,
      keys_moved: moved,
      occurred_at: notedAt.toISOString(),
    }));
  }

  async #activated(recorded: readonly InstanceEvent[], id: string): Promise<readonly InstanceEvent[]> {
    const { activations, clock } = this.parts;
    const now = clock.monotonicMs();
    if (recorded.some(({ type }) => type === 'certificate.state' || type === 'reset')) {
      this.#activatingUntil = now + ACTIVATING_MS;
      this.#activation = '';
    }
    if (now > this.#activatingUntil) return [];
    const endpoints = await activations.of(this.instanceId);
    const isComplete = endpoints.length > 0 && endpoints.every(({ active }) => active);
    const activation = JSON.stringify(endpoints);
    if (activation === this.#activation) return [];
    this.#activation = activation;
    if (isComplete) this.#activatingUntil = now;
    const state = isComplete ? 'active' : 'pending';
    return [{ id, type: 'certificate.state', state, occurred_at: clock.now().toISOString() }];
  }
}
