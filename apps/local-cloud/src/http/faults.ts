import { randomUUID } from 'node:crypto';

interface FaultMatch {
  /** First path segment: iam, kms, hpcs, resource-controller, metering. */
  readonly service?: string | undefined;
  /** GUID of the key-manager instance. */
  readonly instance?: string | undefined;
  readonly method?: string | undefined;
  /** Names as in the request log, e.g. secrets.wrap. */
  readonly operations?: readonly string[] | undefined;
  /** Only operations that change something: what a region that failed over to a read-only copy refuses. */
  readonly writesOnly?: boolean | undefined;
}

export type FaultEffect =
  | { readonly kind: 'delay'; readonly milliseconds: number }
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly retryAfterSeconds?: number | undefined;
      readonly body?: unknown;
      readonly when: FaultMoment;
    }
  /** A proxy's own words: no JSON. */
  | { readonly kind: 'page'; readonly status: number; readonly when: FaultMoment }
  | { readonly kind: 'hang'; readonly when: FaultMoment }
  | { readonly kind: 'reset'; readonly when: FaultMoment };

/** `after`: the operation takes effect and only its answer is lost. */
type FaultMoment = 'before' | 'after';

export interface FaultRule {
  readonly id: string;
  readonly match: FaultMatch;
  readonly effect: FaultEffect;
  /** How many more requests it strikes; absent: until it is removed. */
  readonly count?: number | undefined;
  /** How many matching requests it lets pass first. */
  readonly skip?: number | undefined;
  /** Strikes one in so many matching requests, the others pass. */
  readonly every?: number | undefined;
}

export interface RequestFacts {
  readonly service: string;
  readonly instance: string | undefined;
  readonly method: string;
  readonly operation: string;
  readonly writes: boolean;
}

/** The faults in force, oldest first. They live in memory: a restarted cloud is a healthy one. */
export class FaultBoard {
  readonly #rules = new Map<string, FaultRule>();

  add(rule: Omit<FaultRule, 'id'>): FaultRule {
    const added = { ...rule, id: randomUUID() };
    this.#rules.set(added.id, added);
    return added;
  }

  list(): FaultRule[] {
    return [...this.#rules.values()];
  }

  remove(id: string): boolean {
    return this.#rules.delete(id);
  }

  clear(): void {
    this.#rules.clear();
  }

  /** The effects that strike this request; each counts as used. */
  strike(facts: RequestFacts): FaultEffect[] {
    if (this.#rules.size === 0) return [];
    const effects: FaultEffect[] = [];
    for (const rule of this.#rules.values()) {
      if (!matches(rule.match, facts)) continue;
      if ((rule.skip ?? 0) > 0) {
        this.#rules.set(rule.id, { ...rule, skip: (rule.skip ?? 0) - 1 });
        continue;
      }
      effects.push(rule.effect);
      const { count, every = 1 } = rule;
      if (count === 1) this.#rules.delete(rule.id);
      else this.#rules.set(rule.id, { ...rule, skip: every - 1, ...(count !== undefined && { count: count - 1 }) });
    }
    return effects;
  }
}

function matches(match: FaultMatch, facts: RequestFacts): boolean {
  return (
    (match.service === undefined || match.service === facts.service) &&
    (match.instance === undefined || match.instance === facts.instance) &&
    (match.method === undefined || match.method === facts.method) &&
    (match.operations === undefined || match.operations.includes(facts.operation)) &&
    (match.writesOnly !== true || facts.writes)
  );
}
