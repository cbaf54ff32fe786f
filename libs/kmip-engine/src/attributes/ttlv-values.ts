import { type TtlvItem, type TtlvValue } from '@lib/kmip-protocol';

export const text = (value: string): TtlvValue => ({ type: 'TextString', value });
export const integer = (value: number): TtlvValue => ({ type: 'Integer', value });
export const enumeration = (value: number): TtlvValue => ({ type: 'Enumeration', value });
export const boolean = (value: boolean): TtlvValue => ({ type: 'Boolean', value });
export const bytes = (value: Buffer): TtlvValue => ({ type: 'ByteString', value });
export const interval = (seconds: number): TtlvValue => ({ type: 'Interval', value: seconds });
export const structure = (...value: readonly TtlvItem[]): TtlvValue => ({ type: 'Structure', value });
export const item = (tag: number, value: TtlvValue): TtlvItem => ({ ...value, tag });

export const dateTime = (date: Date): TtlvValue => ({
  type: 'DateTime',
  value: BigInt(Math.floor(date.getTime() / 1000)),
});

/** 9999-12-31T23:59:59Z: later dates cannot be stored or printed everywhere, and nobody means them. */
const LATEST_SECOND = 253_402_300_799n;

/** The date, or `undefined` when it lies outside 1970 to 9999. */
export function toDate(seconds: bigint): Date | undefined {
  return seconds >= 0n && seconds <= LATEST_SECOND ? new Date(Number(seconds) * 1000) : undefined;
}

/** Whether a date read from the wire is one that can be kept, see {@link toDate}. */
export const isKeepable = (date: Date): boolean => toDate(BigInt(Math.floor(date.getTime() / 1000))) !== undefined;

/** True when both are the same value of the same type; structures item by item, in order. */
export function sameValue(a: TtlvValue, b: TtlvValue): boolean {
  if (a.type === 'Structure' && b.type === 'Structure') {
    return (
      a.value.length === b.value.length &&
      a.value.every((item, index) => {
        const other = b.value[index];
        return other?.tag === item.tag && sameValue(item, other);
      })
    );
  }
  if (a.type === 'ByteString' && b.type === 'ByteString') return a.value.equals(b.value);
  return a.type === b.type && a.value === b.value;
}

/**
 * Locate's notion of equality (KMIP 1.4 §4.9): a structure matches when each item that was asked for is found in the
 * stored one, so a Name is found by its value alone.
 */
export function matchesValue(asked: TtlvValue, stored: TtlvValue): boolean {
  if (asked.type !== 'Structure' || stored.type !== 'Structure') return sameValue(asked, stored);
  return asked.value.every((item) =>
    stored.value.some((candidate) => candidate.tag === item.tag && sameValue(item, candidate)),
  );
}
