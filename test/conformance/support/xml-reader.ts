import { type DataNode } from './data-node';

/** An XML file that is not well-formed. */
export class XmlError extends Error {}

const TOKEN =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<\/\s*([A-Za-z]+)\s*>|<([A-Za-z]+)((?:\s+[A-Za-z:]+\s*=\s*"[^"]*")*)\s*(\/?)>/g;
const ATTRIBUTE = /([A-Za-z:]+)\s*=\s*"([^"]*)"/g;
const NAMED_ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

const decodeEntities = (text: string): string =>
  text.replace(/&(#x?)?([0-9A-Za-z]+);/g, (whole, numeric: string | undefined, name: string) => {
    if (numeric === undefined) return NAMED_ENTITIES[name] ?? whole;
    return String.fromCodePoint(parseInt(name, numeric === '#x' ? 16 : 10));
  });

interface OpenElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: DataNode[];
}

/**
 * Reads the XML form of KMIP (Additional Message Encodings §6): elements with `type` and `value`, no text that counts.
 * Loose text between messages ("# TIME 0") is passed over.
 */
export function readXml(source: string): DataNode {
  const stack: OpenElement[] = [{ name: '', attributes: new Map(), children: [] }];
  for (const [, closing, opening, attributeText = '', selfClosing] of source.matchAll(TOKEN)) {
    if (closing !== undefined) close(stack, closing);
    if (opening === undefined) continue;
    stack.push({ name: opening, attributes: readAttributes(attributeText), children: [] });
    if (selfClosing === '/') close(stack, opening);
  }
  const [root] = stack;
  if (stack.length !== 1 || root?.children.length !== 1) throw new XmlError('the file has no single, closed root');
  return root.children[0]!;
}

function close(stack: OpenElement[], name: string): void {
  const element = stack.pop();
  const parent = stack.at(-1);
  if (element === undefined || parent === undefined || element.name !== name) {
    throw new XmlError(`</${name}> closes nothing that is open`);
  }
  const type = element.attributes.get('type') ?? 'Structure';
  const tag = element.name === 'TTLV' ? (element.attributes.get('tag') ?? 'TTLV') : element.name;
  const value = type === 'Structure' ? element.children : (element.attributes.get('value') ?? '');
  parent.children.push({ tag, type, value });
}

const readAttributes = (text: string): ReadonlyMap<string, string> =>
  new Map([...text.matchAll(ATTRIBUTE)].map(([, name = '', value = '']) => [name, decodeEntities(value)]));
