import { type KeyRow } from './journal/rows';
import { type Store } from './journal/store';
import { without } from '@lib/stand-in';
import { ACTIVE, DESTROYED } from './key-protect/key-state';

/** What the real services may do and need not: their documents allow it or say nothing. */
export interface BehaviourSettings {
  /** The body that a POST of a key brings back: whole, whole for those who prefer that, or always the id alone. */
  readonly createAnswers: 'whole' | 'as_preferred' | 'id_only';
  /** So many reads of a new standard key show it as Active without its payload. */
  readonly materialLag: number;
  /** So many searches do not find a new key by its name yet. */
  readonly searchLag: number;
  /** Wrap, unwrap, rewrap and rotate take an alias in place of the id. */
  readonly aliasesInActions: boolean;
  /** Key rings on a page whose `limit` was not given. */
  readonly keyRingPage: number;
  /** Instances on a page of the resource controller whose `limit` was not given. */
  readonly instancePage: number;
  /** An instance that was removed: as any other in the list and invisible to the keys API, or 410 everywhere. */
  readonly removedInstances: 'shown' | 'gone';
  /** In which order the verdicts on usage records are given. */
  readonly usageVerdicts: 'in_order' | 'reversed';
  /** Whether who signs in for a service is also described by an ID token. */
  readonly idTokens: boolean;
}

export const PLAIN: BehaviourSettings = {
  createAnswers: 'whole',
  materialLag: 0,
  searchLag: 0,
  aliasesInActions: false,
  keyRingPage: 100,
  instancePage: 10,
  removedInstances: 'shown',
  usageVerdicts: 'in_order',
  idTokens: false,
};

/** All of it at once. The suites that run with it find out whether the product relies on more than is promised. */
export const UNKIND: BehaviourSettings = {
  createAnswers: 'id_only',
  materialLag: 1,
  searchLag: 1,
  aliasesInActions: true,
  keyRingPage: 1,
  instancePage: 1,
  removedInstances: 'gone',
  usageVerdicts: 'reversed',
  idTokens: true,
};

interface Lag {
  reads: number;
  searches: number;
}

/** A region that failed over: its last minutes are not known here until it is back. */
interface RollBack {
  readonly minutes: number;
  readonly unknown: ReadonlySet<string>;
  /** Deleted within those minutes, each as it was then; a row is replaced when it is deleted again. */
  readonly revived: ReadonlySet<KeyRow>;
}

/** In memory, like the faults: a restarted cloud behaves plainly. */
export class Behaviour {
  #settings = PLAIN;
  #rollBack: RollBack | undefined;
  readonly #lags = new Map<string, Lag>();

  get settings(): BehaviourSettings {
    return this.#settings;
  }

  get rollBackMinutes(): number {
    return this.#rollBack?.minutes ?? 0;
  }

  change(settings: Partial<BehaviourSettings>): void {
    this.#settings = { ...this.#settings, ...settings };
  }

  forget(): void {
    this.#settings = PLAIN;
    this.#rollBack = undefined;
    this.#lags.clear();
  }

  /** Keys that were made within the last minutes vanish, those that were deleted within them are back; 0 undoes it. */
  rollBack(store: Store, minutes: number, now: Date): void {
    const since = now.getTime() - minutes * 60_000;
    const isLater = (at: string | undefined): boolean => at !== undefined && Date.parse(at) >= since;
    const rows = [...store.entries('key')].map(([, row]) => row);
    const unknown = new Set(rows.filter(({ createdAt }) => isLater(createdAt)).map(({ id }) => id));
    const revived = new Set(rows.filter(({ state, deletedAt }) => state === DESTROYED && isLater(deletedAt)));
    this.#rollBack = minutes === 0 ? undefined : { minutes, unknown, revived };
  }

  /** The key as this region knows it; undefined when it never heard of it. */
  view(key: KeyRow): KeyRow | undefined {
    if (this.#rollBack === undefined) return key;
    if (this.#rollBack.unknown.has(key.id)) return undefined;
    return this.#rollBack.revived.has(key) ? { ...without(key, 'deletedAt', 'deletedBy'), state: ACTIVE } : key;
  }

  /** From here on the key lags behind, as the settings say. */
  created(keyId: string): void {
    const { materialLag: reads, searchLag: searches } = this.#settings;
    if (reads > 0 || searches > 0) this.#lags.set(keyId, { reads, searches });
  }

  /** Counts as one read. */
  withholdsMaterial(keyId: string): boolean {
    return this.#takes(keyId, 'reads');
  }

  /** Counts as one search. */
  hidesFromSearch(keyId: string): boolean {
    return this.#takes(keyId, 'searches');
  }

  #takes(keyId: string, what: keyof Lag): boolean {
    const lag = this.#lags.get(keyId);
    if (lag === undefined || lag[what] === 0) return false;
    lag[what] -= 1;
    if (lag.reads === 0 && lag.searches === 0) this.#lags.delete(keyId);
    return true;
  }
}
