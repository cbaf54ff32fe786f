/**
 * Tells of a rotation from what is answered anyway: each wrap says which version is the newest, and an unwrap says so
 * when it was not the one that wrapped. Once for each version: answers overtake each other, so the one before is no news.
 */
export class VersionWatch {
  #newest: string | undefined;
  #before: string | undefined;
  #isTold = false;

  constructor(private readonly rotated: () => void) {}

  /** @param isLeft a key lies under an older version still */
  seen(version: string, isLeft = false): void {
    if (version === this.#before) return;
    const changed = this.#newest !== undefined && version !== this.#newest;
    if (version !== this.#newest) {
      this.#before = this.#newest;
      this.#newest = version;
      this.#isTold = false;
    }
    if (this.#isTold || !(changed || isLeft)) return;
    this.#isTold = true;
    this.rotated();
  }
}
