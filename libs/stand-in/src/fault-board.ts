import { randomUUID } from 'node:crypto';

export interface FaultRule<Match, Effect> {
  readonly id: string;
  readonly match: Match;
  readonly effect: Effect;
  /** How many more events it strikes; absent: until it is removed. */
  readonly count?: number | undefined;
  /** How many matching events it lets pass first. */
  readonly skip?: number | undefined;
  /** Strikes one in so many matching events, the others pass. */
  readonly every?: number | undefined;
}

/** The faults in force, oldest first. They live in memory: a restarted stand-in is a healthy one. */
export class FaultBoard<Match, Facts, Effect> {
  readonly #rules = new Map<string, FaultRule<Match, Effect>>();

  constructor(private readonly matches: (match: Match, facts: Facts) => boolean) {}

  add(rule: Omit<FaultRule<Match, Effect>, 'id'>): FaultRule<Match, Effect> {
    const added = { ...rule, id: randomUUID() };
    this.#rules.set(added.id, added);
    return added;
  }

  list(): FaultRule<Match, Effect>[] {
    return [...this.#rules.values()];
  }

  remove(id: string): boolean {
    return this.#rules.delete(id);
  }

  clear(): void {
    this.#rules.clear();
  }

  /** The effects that strike this event; each counts as used. @param concerns whether an effect belongs to such events */
  strike(facts: Facts, concerns: (effect: Effect) => boolean = () => true): Effect[] {
    if (this.#rules.size === 0) return [];
    const effects: Effect[] = [];
    for (const rule of this.#rules.values()) {
      if (!concerns(rule.effect) || !this.matches(rule.match, facts)) continue;
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
