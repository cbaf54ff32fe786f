import { type UniqueIdentifier, isUuid, toUniqueIdentifier } from '@lib/kernel';

import { fail } from './failures/operation-failure';

/**
 * The ID Placeholder of one request message (KMIP 1.4 §4). It lives and dies with the message: kept any longer it
 * would hand one connection's key to another.
 */
export class IdPlaceholder {
  #identifier: UniqueIdentifier | undefined;

  set(identifier: UniqueIdentifier): void {
    this.#identifier = identifier;
  }

  get identifier(): UniqueIdentifier | undefined {
    return this.#identifier;
  }

  clear(): void {
    this.#identifier = undefined;
  }

  /**
   * The object an item is about. A text that is no identifier of the form we issue names no object; it fails like any
   * unknown one and never reaches the store.
   */
  resolve(given: string | undefined): UniqueIdentifier {
    if (given === undefined) return this.#identifier ?? fail('no_identifier');
    return isUuid(given) ? toUniqueIdentifier(given) : fail('unknown_object');
  }
}
