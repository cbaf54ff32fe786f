/** A taken place; it must be released exactly when its holder goes, and releasing twice does nothing. */
export interface Place {
  /** Counts the place for `group` from now on. @returns false when that group has none left; the place is then released. */
  readonly assign: (group: string) => boolean;
  readonly release: () => void;
}

/** Counts holders in all and per group (client address), and says no when either is full. */
export class PlaceGate {
  readonly #perGroup = new Map<string, number>();
  #taken = 0;

  constructor(
    private readonly maximum: number,
    private readonly maximumPerGroup: number,
  ) {}

  get taken(): number {
    return this.#taken;
  }

  /** The group that holds the most places. */
  largestGroup(): string | undefined {
    let largest: string | undefined;
    let most = 0;
    for (const [group, count] of this.#perGroup) {
      if (count > most) [largest, most] = [group, count];
    }
    return largest;
  }

  /** @returns undefined when all places are taken. The place belongs to no group until it is assigned. */
  take(): Place | undefined {
    if (this.#taken >= this.maximum) return undefined;
    this.#taken += 1;
    let group: string | undefined;
    let released = false;
    const release = (): void => {
      if (released) return;
      released = true;
      this.#taken -= 1;
      if (group !== undefined) this.#leave(group);
    };
    const assign = (wanted: string): boolean => {
      const count = this.#perGroup.get(wanted) ?? 0;
      if (released || count >= this.maximumPerGroup) {
        release();
        return false;
      }
      this.#perGroup.set(wanted, count + 1);
      group = wanted;
      return true;
    };
    return { assign, release };
  }

  #leave(group: string): void {
    const count = (this.#perGroup.get(group) ?? 1) - 1;
    // Groups are named by strangers: an empty one must not stay.
    if (count === 0) this.#perGroup.delete(group);
    else this.#perGroup.set(group, count);
  }
}
