import { inspect } from 'node:util';

const MASK = '[secret]';

/**
 * Secret bytes that cannot be printed by accident: every way of turning the object into text gives a mask.
 *
 * The bytes stay in one Buffer and are zeroed by {@link wipe}. This is best effort: copies made by the runtime or
 * by a caller of {@link expose} are out of reach.
 */
export class Secret {
  #bytes: Buffer;
  #wiped = false;

  private constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Takes over `bytes`: the caller must not keep or change the buffer. */
  static of(bytes: Buffer): Secret {
    return new Secret(bytes);
  }

  static fromText(text: string): Secret {
    return new Secret(Buffer.from(text, 'utf8'));
  }

  get length(): number {
    return this.#bytes.length;
  }

  /**
   * The bytes themselves, not a copy: use them at once and keep no reference.
   * @throws Error when the secret was wiped; using a dead key is a bug of ours, never an input error.
   */
  expose(): Buffer {
    if (this.#wiped) throw new Error('a secret was used after it was wiped');
    return this.#bytes;
  }

  exposeText(): string {
    return this.expose().toString('utf8');
  }

  /** A second holder with its own bytes, for when two owners wipe at different times. */
  clone(): Secret {
    return new Secret(Buffer.from(this.expose()));
  }

  wipe(): void {
    this.#bytes.fill(0);
    this.#wiped = true;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}
