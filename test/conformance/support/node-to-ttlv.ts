import { type TtlvItem, type TtlvValue, TtlvWriter } from '@lib/kmip-protocol';

import { Bindings } from './bindings';
import { childrenOf, type DataNode, textOf } from './data-node';
import { enumerationNumber, integerOrMask, tagNumber } from './names';

/** What stands for a value that only a server can give, when no server is asked. */
const UNBOUND_BYTES = '00112233445566778899aabbccddeeff';

/** Runs of spaces come from line breaks in the files for 1.0 to 1.2, not from the test. */
const squeeze = (text: string): string => text.replace(/\s{2,}/g, ' ');

/** The message in TTLV, with the placeholders that are bound filled in. */
export function encodeNode(node: DataNode, bindings: Bindings): Buffer {
  const item = toItem(node, bindings);
  const writer = new TtlvWriter();
  writer.writeValue(item.tag, item);
  return writer.finish();
}

/** `owner` is the name that gives an enumeration its meaning: the attribute's for an Attribute Value. */
export function toItem(node: DataNode, bindings: Bindings, owner: string = node.tag): TtlvItem {
  return { tag: tagNumber(node.tag), ...toValue(node, bindings, owner) };
}

function toValue(node: DataNode, bindings: Bindings, owner: string): TtlvValue {
  if (node.type === 'Structure') return { type: 'Structure', value: toItems(node, bindings) };
  const raw = typeof node.value === 'string' ? node.value : '';
  const text = Bindings.isPlaceholder(raw) ? (bindings.resolve(raw) ?? placeholderFor(node.type, raw)) : raw;
  return toScalar(node.type, text, owner);
}

function toItems(node: DataNode, bindings: Bindings): readonly TtlvItem[] {
  const attributeName = textOf(node, 'AttributeName');
  return childrenOf(node).map((child) =>
    child.tag === 'AttributeValue' && attributeName !== undefined
      ? toItem(child, bindings, squeeze(attributeName))
      : toItem(child, bindings),
  );
}

const placeholderFor = (type: string, placeholder: string): string =>
  type === 'ByteString' ? UNBOUND_BYTES : placeholder;

const toBigInt = (text: string): bigint => {
  const hex = /^0x([0-9a-f]+)$/i.exec(text)?.[1];
  // Hex of a signed number is two's complement over all its digits.
  return hex === undefined ? BigInt(text) : BigInt.asIntN(hex.length * 4, BigInt(`0x${hex}`));
};

const toBigInteger = (text: string): bigint =>
  /^[0-9a-f]+$/i.test(text) && text.length % 16 === 0 ? toBigInt(`0x${text}`) : toBigInt(text);

const toSeconds = (text: string): bigint =>
  /^0x/i.test(text) ? BigInt(text) : BigInt(Math.floor(Date.parse(text) / 1000));

function toScalar(type: string, text: string, owner: string): TtlvValue {
  switch (type) {
    case 'Integer':
      return { type, value: integerOrMask(owner, text) };
    case 'LongInteger':
      return { type, value: toBigInt(text) };
    case 'BigInteger':
      return { type, value: toBigInteger(text) };
    case 'Enumeration':
      return { type, value: enumerationNumber(owner, text) };
    case 'Boolean':
      return { type, value: text === 'true' };
    case 'TextString':
      return { type, value: squeeze(text) };
    case 'ByteString':
      return { type, value: Buffer.from(text.replace(/\s/g, ''), 'hex') };
    case 'DateTime':
      return { type, value: toSeconds(text) };
    case 'Interval':
      return { type, value: Number(text) };
    default:
      throw new Error(`type ${type} is none of KMIP 1.x`);
  }
}
