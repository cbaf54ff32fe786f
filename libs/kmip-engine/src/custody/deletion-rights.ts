import { type Clock, type UniqueIdentifier } from '@lib/kernel';
import { type CallContext, type StoredKeys, judgeDeletion } from '@lib/key-manager';

import { isFault } from './key-manager-failure';

/** After this a right that was taken away is seen, if no deletion fails before. */
const ALLOWED_MS = 600_000;
/** After this a right that was given is seen. Asking shows as a refused deletion in the tenant's own audit trail. */
const REFUSED_MS = 3_600_000;

interface Answer {
  readonly allowed: Promise<boolean>;
  untilMs: number;
}

interface Dependencies {
  readonly clock: Clock;
  readonly newUniqueIdentifier: () => UniqueIdentifier;
}

/**
 * Whether we may delete stored keys at a key manager, found out without an effect: key managers judge the permission
 * before they look for the key, so a key that was never there tells a Writer from a Manager. Remembered by adapter: one
 * with another credential is another adapter.
 */
export class DeletionRights {
  readonly #answers = new WeakMap<StoredKeys, Answer>();

  /** @throws KeyManagerError when it cannot be found out; that is not remembered. */
  async allowed(
    { clock, newUniqueIdentifier }: Dependencies,
    keyManager: StoredKeys,
    call: CallContext,
  ): Promise<boolean> {
    const known = this.#answers.get(keyManager);
    if (known !== undefined && known.untilMs > clock.monotonicMs()) return known.allowed;
    const answer: Answer = {
      allowed: ask(keyManager, call, newUniqueIdentifier),
      untilMs: clock.monotonicMs() + ALLOWED_MS,
    };
    this.#answers.set(keyManager, answer);
    try {
      const allowed = await answer.allowed;
      if (allowed) return true;
      answer.untilMs = clock.monotonicMs() + REFUSED_MS;
      return false;
    } catch (error) {
      this.#answers.delete(keyManager);
      throw error;
    }
  }

  /** True when a deletion was refused lately; asks nobody. */
  async isRefused({ clock }: Pick<Dependencies, 'clock'>, keyManager: StoredKeys): Promise<boolean> {
    const known = this.#answers.get(keyManager);
    if (known === undefined || known.untilMs <= clock.monotonicMs()) return false;
    return !(await known.allowed.catch(() => true));
  }

  /** A deletion was refused although it seemed allowed (rights by key, a second signature). */
  refused({ clock }: Pick<Dependencies, 'clock'>, keyManager: StoredKeys): void {
    const untilMs = clock.monotonicMs() + REFUSED_MS;
    this.#answers.set(keyManager, { allowed: Promise.resolve(false), untilMs });
  }
}

async function ask(keyManager: StoredKeys, call: CallContext, newId: () => string): Promise<boolean> {
  const neverThere = judgeDeletion({ why: 'never_issued', newId });
  if (neverThere.verdict === 'keep') return false;
  try {
    await keyManager.deleteKey(call, neverThere.proof);
    return true;
  } catch (error) {
    if (isFault(error, 'permission_denied')) return false;
    throw error;
  }
}
