/** States a key can be in here; what is destroyed is not served. */
export type KeyState = 'PreActive' | 'Active' | 'Deactivated' | 'Destroyed';
export type Change = 'Activate' | 'Revoke' | 'Destroy';

/** What a client was told: it is done, it is not done, or nobody knows. */
export type Outcome = 'acknowledged' | 'refused' | 'unknown';

const STEPS: Readonly<Record<Change, Partial<Record<KeyState, KeyState>>>> = {
  Activate: { PreActive: 'Active' },
  Revoke: { PreActive: 'Deactivated', Active: 'Deactivated' },
  Destroy: { PreActive: 'Destroyed', Deactivated: 'Destroyed' },
};

/** What clients know of a key from their answers alone. */
export class KnownKey {
  id: string | undefined;
  /** Its bytes, once somebody got them. */
  hex: string | undefined;
  /** What was acknowledged last. */
  #certain: KeyState = 'PreActive';
  /** What was asked for, may be done, and may be done later still: a process that was stopped goes on. */
  readonly #perhaps = new Set<Change>();
  suspension: 'off' | 'on' | 'unknown' = 'off';
  /** Answers with its bytes. */
  timesServed = 0;
  /** Changes whenever somebody begins to change it. */
  epoch = 0;
  #underWay = 0;
  /** What was asked to be changed, when it was answered and how. */
  readonly #history: string[] = [];

  constructor(readonly name: string) {}

  /** For whoever has to find out what happened to it. */
  get told(): string {
    return `${this.name} (${this.id ?? ''}), ${this.#history.join(', ')}`;
  }

  begin(): void {
    this.epoch += 1;
    this.#underWay += 1;
  }

  end(): void {
    this.epoch += 1;
    this.#underWay -= 1;
  }

  /** Somebody waits for an answer: whether it is done, nobody was told yet. */
  get isBeingChanged(): boolean {
    return this.#underWay > 0;
  }

  note(change: Change, outcome: Outcome): void {
    this.#tell(change, outcome);
    if (outcome === 'unknown') this.#perhaps.add(change);
    if (outcome === 'acknowledged') this.#certain = STEPS[change][this.#certain] ?? this.#afterUnknown(change);
  }

  noteSuspension(suspended: boolean, outcome: Outcome): void {
    this.#tell(suspended ? 'suspend' : 'resume', outcome);
    if (outcome === 'refused') return;
    const told = suspended ? 'on' : 'off';
    this.suspension = outcome === 'unknown' || this.suspension === 'unknown' ? 'unknown' : told;
  }

  /** Everything it may be by what is known. */
  get possible(): ReadonlySet<KeyState> {
    const states = new Set<KeyState>([this.#certain]);
    for (const state of states) {
      for (const change of this.#perhaps) {
        const next = STEPS[change][state];
        if (next !== undefined) states.add(next);
      }
    }
    return states;
  }

  /** Nobody may get it any more, or for now: while somebody waits to hear that it is resumed, it may be already. */
  get isWithdrawn(): boolean {
    return this.#certain === 'Destroyed' || (this.suspension === 'on' && !this.isBeingChanged);
  }

  get isCertainlyServed(): boolean {
    return !this.possible.has('Destroyed') && this.suspension === 'off';
  }

  #tell(change: string, outcome: Outcome): void {
    this.#history.push(`${new Date().toISOString().slice(11)} ${change} ${outcome}`);
  }

  /** It was acknowledged, so what it needs was done before. */
  #afterUnknown(change: Change): KeyState {
    const from = [...this.possible].find((state) => STEPS[change][state] !== undefined);
    if (from === undefined) throw new Violation(`${change} was acknowledged in ${this.#certain}: ${this.told}`);
    return STEPS[change][from] ?? this.#certain;
  }
}

/** The product did what it must not. */
export class Violation extends Error {}
