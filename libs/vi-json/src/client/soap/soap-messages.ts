import { isReference, type ManagedObjectReference } from '../../types/values';
import type { ViResponse } from '../transport';
import { ViConnectionError } from '../vi-connection.error';
import { readFault, ViFault } from '../vi-fault';
import { type Element, envelope, escapeXml, readEnvelope } from './xml';

/** A call of a method as SOAP has it. Members stand in the order of the WSDL, which is that of the given object. */
export function soapRequest(
  namespace: string,
  object: ManagedObjectReference,
  method: string,
  parameters: Readonly<Record<string, unknown>>,
): string {
  return envelope(`<${method} xmlns="urn:${namespace}">${membersOf({ _this: object, ...parameters })}</${method}>`);
}

const membersOf = (value: object): string =>
  Object.entries(value)
    .filter(([name]) => name !== '_typeName')
    .map(([name, entry]) => member(name, entry))
    .join('');

function member(name: string, value: unknown): string {
  if (isReference(value)) return `<${name} type="${escapeXml(value.type)}">${escapeXml(value.value)}</${name}>`;
  if (typeof value === 'object' && value !== null) return `<${name}>${membersOf(value)}</${name}>`;
  if (typeof value === 'string') return `<${name}>${escapeXml(value)}</${name}>`;
  return value === undefined ? '' : `<${name}>${JSON.stringify(value)}</${name}>`;
}

/**
 * What the method returned; undefined where it returns nothing.
 * @throws ViFault what vCenter refused
 * @throws ViConnectionError when it is no answer to this call
 */
export function soapAnswer(answer: ViResponse, method: string, call: string): Element | undefined {
  if (!/^text\/xml\b/i.test(answer.headers['content-type'] ?? '')) throw noAnswer(answer, call);
  let about: Element;
  try {
    about = readEnvelope(answer.body);
  } catch (cause) {
    throw new ViConnectionError('malformed', `vCenter answered ${call} with what is no SOAP.`, { cause });
  }
  if (about.name === 'Fault') throw faultOf(about, call);
  if (answer.status !== 200 || about.name !== `${method}Response`) throw noAnswer(answer, call);
  return about.child('returnval');
}

function noAnswer(answer: ViResponse, call: string): ViConnectionError {
  return new ViConnectionError(
    'proxy_answer',
    `${call} was answered with HTTP ${answer.status} that is no answer of vCenter: the service behind its proxy may be starting, or not there.`,
  );
}

/** `<faultstring>` says it in words, the element in `<detail>` which fault it is. */
function faultOf(fault: Element, call: string): ViFault {
  const faultstring = fault.child('faultstring')?.text ?? '';
  const [detail] = fault.child('detail')?.children ?? [];
  const typeName = detail?.type ?? detail?.name.replace(/Fault$/, '') ?? 'MethodFault';
  const members = detail === undefined ? {} : plain(detail);
  const body = { ...(members as object), _typeName: typeName, faultstring };
  return readFault(body, call) ?? new ViFault({ _typeName: 'MethodFault', faultstring }, call);
}

/** Members of faults that are lists, also where there is one entry. */
const LISTS: ReadonlySet<string> = new Set(['missingPrivileges', 'privilegeIds', 'requiredKey', 'faultMessage', 'arg']);

/** A value without its schema: text, a reference, or an object of such. */
function plain(element: Element): unknown {
  const { children, objectType } = element;
  if (objectType !== undefined) return { type: objectType, value: element.text };
  if (children.length === 0) return element.text;
  const value: Record<string, unknown> = {};
  for (const one of children) {
    const before = value[one.name];
    const found = plain(one);
    value[one.name] = LISTS.has(one.name) ? [...(Array.isArray(before) ? (before as unknown[]) : []), found] : found;
  }
  return value;
}
