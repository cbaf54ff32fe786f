import { type TtlvItem, type TtlvValue } from '@lib/kmip-protocol';

/** A value as JSON: ["TextString","web01"], ["Structure",[[4325461,"TextString","key"],…]]. */
type Encoded = readonly [type: string, value: unknown];

/**
 * One text for equal values and different texts for different ones, type included, so that an attribute survives
 * storage unchanged and equality can be decided by a hash. JSON escapes what a text column cannot hold (NUL).
 */
export function toText(value: TtlvValue): string {
  return JSON.stringify(encode(value));
}

export function fromText(text: string): TtlvValue {
  return decode(JSON.parse(text) as Encoded);
}

function encode(value: TtlvValue): Encoded {
  switch (value.type) {
    case 'Structure':
      return [value.type, value.value.map((item) => [item.tag, ...encode(item)])];
    case 'LongInteger':
    case 'BigInteger':
    case 'DateTime':
      return [value.type, value.value.toString()];
    case 'ByteString':
      return [value.type, value.value.toString('base64')];
    default:
      return [value.type, value.value];
  }
}

function decode([type, value]: Encoded): TtlvValue {
  switch (type) {
    case 'Structure':
      return { type, value: (value as [number, string, unknown][]).map(decodeItem) };
    case 'LongInteger':
    case 'BigInteger':
    case 'DateTime':
      return { type, value: BigInt(value as string) };
    case 'ByteString':
      return { type, value: Buffer.from(value as string, 'base64') };
    default:
      // Written by encode above: type and value belong together.
      return { type, value } as TtlvValue;
  }
}

function decodeItem([tag, type, value]: [number, string, unknown]): TtlvItem {
  return { tag, ...decode([type, value]) };
}
