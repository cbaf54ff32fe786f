import { type Element } from '@lib/vi-json';

import { invalidRequest } from './fault';
import { type Member, membersIn, PRIMITIVES, type Schema } from './type-table';

/**
 * Members of an element in the form in which JSON has them, by the types that are declared; whether they are values of those
 * types is then asked as for JSON. The schema wants members in its order, and vCenter's parser is not known to be kinder.
 * @throws VimFault InvalidRequest
 */
export function fromXml(schema: Schema, declared: readonly Member[], element: Element): Record<string, unknown> {
  const members = membersIn(schema.release, declared);
  const { children, name: within } = element;
  const order = children.map(({ name }) => members.findIndex((member) => member.name === name));
  if (order.includes(-1)) throw invalidRequest(`Unexpected element tag in ${within}`);
  if (order.some((place, index) => place < (order[index - 1] ?? 0)))
    throw invalidRequest(`Order of elements in ${within}`);
  const values: Record<string, unknown> = {};
  for (const member of members) {
    const found = children.filter(({ name }) => name === member.name);
    const [first, second] = found;
    if (first === undefined) continue;
    if (member.array) values[member.name] = found.map((one) => value(schema, member.type, one));
    else if (second !== undefined) throw invalidRequest(`${member.name} twice in ${within}`);
    else values[member.name] = value(schema, member.type, first);
  }
  return values;
}

function value(schema: Schema, declared: string, element: Element): unknown {
  const { types } = schema;
  const { objectType, text, type } = element;
  if (declared === 'ManagedObjectReference') return { type: objectType, value: text };
  if (PRIMITIVES.has(declared) || types.valuesOf(declared) !== undefined) return primitive(declared, text);
  const actual = type ?? declared;
  const members = types.find(actual) === undefined ? [] : types.membersOf(actual);
  return { ...(type !== undefined && { _typeName: type }), ...fromXml(schema, members, element) };
}

const NUMBERS: ReadonlySet<string> = new Set(['byte', 'short', 'int', 'long', 'float', 'double']);

/** What is none of its type stays text, and is refused as such. */
function primitive(declared: string, text: string): unknown {
  if (declared === 'boolean') return BOOLEANS[text.trim()] ?? text;
  return NUMBERS.has(declared) && text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

const BOOLEANS: Readonly<Record<string, boolean>> = { true: true, '1': true, false: false, '0': false };
