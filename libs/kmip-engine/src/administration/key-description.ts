import { createHash } from 'node:crypto';

import { type TtlvValue } from '@lib/kmip-protocol';

import { type ManagedObject } from '../ports/managed-object';

const NAME_VALUE_TAG = 0x420055;
const SHOWN_CHARACTERS = 1024;

export interface KeyOwner {
  readonly name: string | undefined;
  readonly component: string | undefined;
  readonly identifier: string | undefined;
}

/** vCenter tags its keys with what they protect: `x-Name`, `x-Component`, `x-Identifier`. */
export function ownerOf(key: ManagedObject): KeyOwner | undefined {
  const tag = (wanted: string): string | undefined => {
    const found = key.attributes.find(({ name }) => name.toLowerCase() === wanted);
    return found && shortened(textOf(found.value));
  };
  const owner = { name: tag('x-name'), component: tag('x-component'), identifier: tag('x-identifier') };
  return Object.values(owner).some((value) => value !== undefined) ? owner : undefined;
}

/** For people; without the first half of a character whose second is cut off, which JSON in the database cannot hold. */
export const shortened = (text: string): string => text.slice(0, SHOWN_CHARACTERS).replace(/[\ud800-\udbff]$/u, '');

/**
 * Stands for everything a change of the key can depend on; fetches, and moves to a newer root key version, are none of
 * it. Objects have no counter of their own, because KMIP's Last Change Date has only whole seconds.
 */
export function keyVersion(key: ManagedObject): string {
  const parts = [key.state, key.suspended, key.lastChangeDate, key.activationDate, key.deactivationDate];
  const attributes = key.attributes.map(({ name, index, value }) => [name, index, textOf(value)]);
  return createHash('sha256')
    .update(JSON.stringify([key.uniqueIdentifier, parts, attributes]))
    .digest('hex');
}

/** For people: what a client set, without KMIP's types. */
export function textOf(value: TtlvValue): string {
  switch (value.type) {
    case 'Structure':
      return nameValueOf(value) ?? value.value.map((item) => `${tagName(item.tag)}=${textOf(item)}`).join('; ');
    case 'ByteString':
      return value.value.toString('hex');
    case 'DateTime':
      return new Date(Number(value.value) * 1000).toISOString();
    default:
      return String(value.value);
  }
}

const tagName = (tag: number): string => `0x${tag.toString(16)}`;

const nameValueOf = (value: TtlvValue): string | undefined => {
  if (value.type === 'TextString') return value.value;
  const item = value.type === 'Structure' ? value.value.find(({ tag }) => tag === NAME_VALUE_TAG) : undefined;
  return item?.type === 'TextString' ? item.value : undefined;
};
