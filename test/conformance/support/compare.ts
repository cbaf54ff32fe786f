import { type TtlvItem, TtlvReader, tagName } from '@lib/kmip-protocol';

import { Bindings } from './bindings';
import { childrenOf, type DataNode, textOf } from './data-node';
import { toItem } from './node-to-ttlv';

/** What every server says in its own words or at its own time. */
const FREE = new Set([
  'TimeStamp',
  'ServerCorrelationValue',
  'ClientCorrelationValue',
  'ResultMessage',
  'KeyMaterial',
  'DigestValue',
  'VendorIdentification',
  'ServerInformation',
]);

/** Attributes whose values a server chooses; only that they are there is compared. */
const FREE_ATTRIBUTES = new Set(['Digest', 'Lease Time', 'Random Number Generator']);

/** Repeated fields whose order means nothing. */
const UNORDERED = new Set(['Attribute', 'AttributeName']);

/** Servers differ by the seconds a request took; the files were recorded over minutes. */
const DATE_TOLERANCE_SECONDS = 60n;

/**
 * Compares the answer a test expects with the one that came, and binds the placeholders that have no value yet.
 * @returns the differences, each with the path it was found at; none when the answer is right.
 */
export function compareMessages(expected: DataNode, actual: Buffer, bindings: Bindings): readonly string[] {
  const reader = new TtlvReader(actual);
  reader.next();
  return compareNode(expected, reader.readItem(), bindings, expected.tag);
}

function compareNode(
  expected: DataNode,
  actual: TtlvItem,
  bindings: Bindings,
  path: string,
  owner: string = expected.tag,
): readonly string[] {
  const found = tagName(actual.tag);
  if (found !== expected.tag) return [`${path}: ${found} where ${expected.tag} is expected`];
  if (FREE.has(expected.tag)) return [];
  if (expected.type !== actual.type) return [`${path}: type ${actual.type}, not ${expected.type}`];
  if (actual.type === 'Structure') return compareChildren(expected, actual.value, bindings, path);
  return compareLeaf(expected, actual, bindings, path, owner);
}

const names = (tags: readonly string[]): string => (tags.length === 0 ? 'nothing' : tags.join(', '));

function compareChildren(
  expected: DataNode,
  actual: readonly TtlvItem[],
  bindings: Bindings,
  path: string,
): readonly string[] {
  const attributeName = textOf(expected, 'AttributeName')?.replace(/\s+/g, ' ');
  if (attributeName !== undefined && FREE_ATTRIBUTES.has(attributeName)) return [];
  const wanted = orderExpected(expected);
  const given = orderActual(actual);
  const have = names(given.map(({ tag }) => tagName(tag)));
  const want = names(wanted.map(({ tag }) => tag));
  if (have !== want) return [`${path}: ${have} where ${want} is expected`];
  return wanted.flatMap((child, index) => {
    const owner = child.tag === 'AttributeValue' ? attributeName : undefined;
    return compareNode(child, given[index]!, bindings, `${path}/${child.tag}`, owner ?? child.tag);
  });
}

type Leaf = Exclude<TtlvItem, { readonly type: 'Structure' }>;

function compareLeaf(
  expected: DataNode,
  actual: Leaf,
  bindings: Bindings,
  path: string,
  owner: string,
): readonly string[] {
  const text = typeof expected.value === 'string' ? expected.value : '';
  if (Bindings.isPlaceholder(text) && bindings.resolve(text) === undefined) {
    bindings.bind(text, printed(actual));
    return [];
  }
  const wanted = toItem(expected, bindings, owner);
  if (actual.type === 'DateTime' && wanted.type === 'DateTime') {
    // A file without placeholders for dates was recorded in another year: only that there is a date can be compared.
    if (!Bindings.isPlaceholder(text)) return [];
    const apart = actual.value - wanted.value;
    return apart <= DATE_TOLERANCE_SECONDS && apart >= -DATE_TOLERANCE_SECONDS ? [] : [`${path}: off by ${apart} s`];
  }
  return printed(actual) === printed(wanted) ? [] : [`${path}: ${printed(actual)}, not ${printed(wanted)}`];
}

/** A leaf's value as text; a structure has none. */
function printed(item: TtlvItem): string {
  if (item.type === 'Structure') return '';
  return Buffer.isBuffer(item.value) ? item.value.toString('hex') : String(item.value);
}

/** Unordered fields stand at the place of their first, sorted by attribute name; both sides are sorted alike. */
function orderExpected(node: DataNode): readonly DataNode[] {
  return sortRuns(
    childrenOf(node),
    (child) => child.tag,
    (child) => (typeof child.value === 'string' ? child.value : (textOf(child, 'AttributeName') ?? '')),
  );
}

function orderActual(items: readonly TtlvItem[]): readonly TtlvItem[] {
  return sortRuns(
    items,
    (item) => tagName(item.tag),
    (item) => {
      if (item.type !== 'Structure') return printed(item);
      const name = item.value.find(({ tag }) => tagName(tag) === 'AttributeName');
      return name === undefined ? '' : printed(name);
    },
  );
}

function sortRuns<T>(children: readonly T[], tagOf: (child: T) => string, keyOf: (child: T) => string): readonly T[] {
  const rows = children.map((child, index) => {
    const tag = tagOf(child);
    if (!UNORDERED.has(tag)) return { child, place: index, key: '' };
    const place = children.findIndex((other) => tagOf(other) === tag);
    return { child, place, key: keyOf(child).replace(/\s+/g, ' ') };
  });
  rows.sort((a, b) => a.place - b.place || (a.key < b.key ? -1 : Number(a.key > b.key)));
  return rows.map(({ child }) => child);
}
