import { type AnswerMemory } from '@lib/kmip-engine';

/** Every answer may hold this much without asking: keys and attributes always get through. */
const SMALL_BYTES = 65_536;
/** Large answers of all owners together; what is held is about three times as much while an answer is written. */
export const MAXIMUM_ANSWER_BYTES = 134_217_728;

/**
 * Memory for large answers that are being made or wait for their client to read them: per owner, so that one cannot use
 * up the process, and together.
 */
export class AnswerMemories {
  readonly #perOwner = new Map<string, number>();
  #held = 0;

  constructor(
    private readonly maximumPerOwner: number,
    private readonly maximum = MAXIMUM_ANSWER_BYTES,
  ) {}

  /** Bytes held now. */
  get held(): number {
    return this.#held;
  }

  /** For the answer to one message; to be released when it is sent or will not be. */
  account(owner: string): AnswerMemory & { release(): void } {
    let counted = 0;
    const hold = (bytes: number): boolean => {
      const wanted = bytes <= SMALL_BYTES ? 0 : bytes;
      const more = wanted - counted;
      const owned = (this.#perOwner.get(owner) ?? 0) + more;
      if (more > 0 && (owned > this.maximumPerOwner || this.#held + more > this.maximum)) return false;
      counted = wanted;
      this.#held += more;
      // Owners come and go: an empty one must not stay.
      if (owned === 0) this.#perOwner.delete(owner);
      else this.#perOwner.set(owner, owned);
      return true;
    };
    return { hold, release: () => void hold(0) };
  }
}
