import { type DataNode } from './data-node';

interface JsonItem {
  readonly tag: string;
  readonly type?: string;
  readonly value?: unknown;
}

/** "RESPONSE_MESSAGE" and "ResponseMessage" are one name: the first source shouts. */
const camel = (name: string): string =>
  /^[A-Z0-9_]+$/.test(name)
    ? name.toLowerCase().replace(/(^|_)([a-z0-9])/g, (_whole, _gap, letter: string) => letter.toUpperCase())
    : name;

/** "Thu Jul  3 11:23:11 2025" is UTC without saying so. */
const date = (text: string): string => (/^[A-Z][a-z]{2} /.test(text) ? `${text} UTC` : text);

/** Reads the JSON form of KMIP (Additional Message Encodings §4), and a recording that only differs in spelling. */
export function fromJson(item: JsonItem): DataNode {
  const type = camel(item.type ?? 'Structure');
  const tag = camel(item.tag);
  if (type === 'Structure') {
    const children = Array.isArray(item.value) ? (item.value as readonly JsonItem[]) : [];
    return { tag, type, value: children.map(fromJson) };
  }
  const text = String(item.value);
  return { tag, type, value: type === 'DateTime' ? date(text) : text };
}
