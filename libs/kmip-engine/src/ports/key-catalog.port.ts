import { Tag } from '@lib/kmip-protocol';

import { type ManagedObject, type StoredState } from './managed-object';

/** Half-open: from the first instant, up to but without the second. */
export interface Period {
  readonly from?: Date;
  readonly before?: Date;
}

/** The first KMIP Name, or the identifier of a key that has none: what administrators see, and sort by. */
export function keyName({
  attributes,
  uniqueIdentifier,
}: Pick<ManagedObject, 'attributes' | 'uniqueIdentifier'>): string {
  const name = attributes.find((attribute) => attribute.name === 'Name')?.value;
  const value = name?.type === 'Structure' ? name.value.find(({ tag }) => tag === Tag.NameValue) : name;
  return value?.type === 'TextString' ? value.value : uniqueIdentifier;
}

/** Names are sorted by so many of their characters; what is the same so far, by identifiers. */
export const SORTED_NAME_CHARACTERS = 100;

/** What an administrator asks of the catalog; Locate has its own filter, because KMIP's rules differ. */
export interface KeyListing {
  /** As seen at `asOf`, see `stateAt`. */
  readonly states?: readonly StoredState[];
  readonly asOf: Date;
  /** With `states`: whether those are listed whose stored key is gone, whatever their state; else they are not. */
  readonly lost?: boolean;
  /** Only keys that are, or are not, served by what is known: under one of these root keys, and nothing else in the way. */
  readonly servable?: { readonly is: boolean; readonly rootKeys: readonly string[] };
  readonly suspended?: boolean;
  /** KMIP Name Value. */
  readonly name?: string;
  /** A client attribute of type Text String. */
  readonly attribute?: { readonly name: string; readonly value: string };
  /** SHA-256 of the certificate. */
  readonly createdBy?: string;
  readonly created?: Period;
  readonly lastFetched?: Period;
  readonly order: { readonly by: 'created' | 'lastFetched' | 'name'; readonly descending: boolean };
  /**
   * Place of the last key of the page before. Keys never fetched sort as the earliest; `name` is its `sortName`.
   */
  readonly after?: { readonly at?: Date | undefined; readonly name?: string; readonly id: string };
  readonly limit: number;
}

/**
 * A key with what the list sorts it by. A page goes on from there and not from what should be there: then no key can be
 * passed over, whatever another release wrote.
 */
export type ListedKey = ManagedObject & { readonly sortName: string };

/** Reads the keys of one instance for its administrators, page by page. */
export interface KeyCatalog {
  /** At most `limit` keys, in order. */
  list(listing: KeyListing): Promise<readonly ListedKey[]>;
}
