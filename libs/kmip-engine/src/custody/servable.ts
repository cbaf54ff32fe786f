import { isDestroyed } from '../lifecycle';
import { type ManagedObject, type ServableObject } from '../ports/managed-object';

/** All that the release of a key rests on. */
export type Servability = Pick<
  ServableObject,
  'state' | 'activationDate' | 'deactivationDate' | 'suspended' | 'destroyRequestedAt' | 'custody' | 'digest'
>;

const SEPARATOR = '\u001f';

/**
 * All that the release of a key rests on, in words: a key may be served as it was seen if its row still says the same.
 * The dates are in it because they give the state that is recorded. `record_served` puts a row into the same words.
 * @returns undefined for a key that may not be served
 */
export function servableAs(object: Servability): string | undefined {
  const { state, activationDate, deactivationDate, custody, digest } = object;
  if (custody === undefined || isDestroyed(state) || object.suspended || object.destroyRequestedAt !== undefined) {
    return undefined;
  }
  const { storedKeyId, rootKeyId, rootKeyVersion, authenticated = false } = custody;
  const dates = [activationDate, deactivationDate].map((date) => String(date?.getTime() ?? ''));
  const proof = [authenticated ? 't' : 'f', digest.toString('hex')];
  return [state, ...dates, storedKeyId, rootKeyId, rootKeyVersion, ...proof].join(SEPARATOR);
}

/** Whoever is about to serve a key may have seen it a while ago. */
export function isServableAsSeen(seen: Servability, current: Servability | undefined): boolean {
  const words = servableAs(seen);
  return words !== undefined && current !== undefined && servableAs(current) === words;
}

export function toServable(
  object: ServableObject & Partial<Pick<ManagedObject, 'attributes' | 'revocationReason'>>,
): ServableObject {
  const servable = { ...object };
  delete servable.attributes;
  delete servable.revocationReason;
  return servable;
}
