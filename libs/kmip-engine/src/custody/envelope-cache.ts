import { BoundedMap, type InstanceId, type UniqueIdentifier } from '@lib/kernel';

import { type KeyCustody } from '../ports/managed-object';

const CAPACITY = 10_000;

/**
 * Wrapped keys only: without the tenant's root key they are worth nothing. Knowing the ciphertext beforehand lets fetch
 * and unwrap go out together; the fetch still decides, so a stored key the tenant deleted is not served from here.
 */
export class EnvelopeCache {
  readonly #ciphertexts = new BoundedMap<string, string>(CAPACITY);

  get(place: CachePlace): string | undefined {
    return this.#ciphertexts.get(placeKey(place));
  }

  set(place: CachePlace, ciphertext: string): void {
    this.#ciphertexts.set(placeKey(place), ciphertext);
  }

  delete(place: CachePlace): void {
    this.#ciphertexts.delete(placeKey(place));
  }
}

export interface CachePlace {
  readonly instanceId: InstanceId;
  readonly uniqueIdentifier: UniqueIdentifier;
  readonly custody: KeyCustody;
}

/** The instance leads: two tenants can never meet in one entry. */
export const placeKey = ({ instanceId, uniqueIdentifier, custody }: CachePlace): string =>
  `${instanceId}/${uniqueIdentifier}/${custody.rootKeyId}/${custody.storedKeyId}`;
