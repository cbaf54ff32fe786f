import { Secret } from '@lib/kernel';

import { type Attribute, type KeyBlock } from './object.types';
import { type Codec, mapped } from '../schema/codec';
import { scalarCodecs } from '../schema/scalar-codecs';
import { Structure } from '../schema/structure';
import { Tag } from '../spec/tag';
import { ItemType } from '../ttlv/item-type';
import { type TtlvItem } from '../ttlv/ttlv.types';
import { attribute } from './attribute';

type KeyMaterial = Secret | readonly TtlvItem[];

interface PlainKeyValue {
  readonly keyMaterial: KeyMaterial;
  readonly attributes?: readonly Attribute[];
}

/** The Key Block as it travels: the Key Value is one level deeper than in our object. */
interface WireKeyBlock {
  readonly keyFormatType: number;
  readonly keyCompressionType?: number;
  readonly keyValue?: PlainKeyValue | Secret;
  readonly cryptographicAlgorithm?: number;
  readonly cryptographicLength?: number;
  readonly keyWrappingData?: readonly TtlvItem[];
}

/** Either a byte string, which is secret, or a structure: decided by the type on the wire or of the value. */
function bytesOr<V extends object>(structure: Codec<V>): Codec<Secret | V> {
  return {
    read: (reader, context) =>
      reader.type === ItemType.Structure
        ? structure.read(reader, context)
        : scalarCodecs.SecretBytes.read(reader, context),
    write: (writer, tag, value, context) =>
      value instanceof Secret
        ? scalarCodecs.SecretBytes.write(writer, tag, value, context)
        : structure.write(writer, tag, value, context),
  };
}

const plainKeyValue = new Structure<PlainKeyValue>('Key Value', [
  { name: 'keyMaterial', tag: Tag.KeyMaterial, type: bytesOr(scalarCodecs.Items), presence: 'required' },
  { name: 'attributes', tag: Tag.Attribute, type: attribute, presence: 'optionalMany' },
]);

const wireKeyBlock = new Structure<WireKeyBlock>('Key Block', [
  { name: 'keyFormatType', tag: Tag.KeyFormatType, type: 'Enumeration', presence: 'required' },
  { name: 'keyCompressionType', tag: Tag.KeyCompressionType, type: 'Enumeration', presence: 'optional' },
  { name: 'keyValue', tag: Tag.KeyValue, type: bytesOr(plainKeyValue), presence: 'optional' },
  { name: 'cryptographicAlgorithm', tag: Tag.CryptographicAlgorithm, type: 'Enumeration', presence: 'optional' },
  { name: 'cryptographicLength', tag: Tag.CryptographicLength, type: 'Integer', presence: 'optional' },
  { name: 'keyWrappingData', tag: Tag.KeyWrappingData, type: 'Items', presence: 'optional' },
]);

function fromWire({ keyValue, ...rest }: WireKeyBlock): KeyBlock {
  if (keyValue === undefined) return rest;
  if (keyValue instanceof Secret) return { ...rest, wrappedKeyValue: keyValue };
  const { keyMaterial, attributes } = keyValue;
  return { ...rest, keyMaterial, ...(attributes && { keyValueAttributes: attributes }) };
}

function toWire({ keyMaterial, keyValueAttributes, wrappedKeyValue, ...rest }: KeyBlock): WireKeyBlock {
  if (wrappedKeyValue !== undefined) return { ...rest, keyValue: wrappedKeyValue };
  if (keyMaterial === undefined) return rest;
  return { ...rest, keyValue: { keyMaterial, ...(keyValueAttributes && { attributes: keyValueAttributes }) } };
}

/** KMIP 1.4 §2.1.3 and §2.1.4 */
export const keyBlock: Codec<KeyBlock> = mapped(wireKeyBlock, fromWire, toWire);
