import { type EnumValue } from '../objects/object.types';
import { activate } from './activate';
import { addAttribute } from './add-attribute';
import { create } from './create';
import { destroy } from './destroy';
import { discoverVersions } from './discover-versions';
import { get } from './get';
import { getAttributeList } from './get-attribute-list';
import { getAttributes } from './get-attributes';
import { locate } from './locate';
import { type OperationCodec } from './operation-codec';
import { query } from './query';
import { revoke } from './revoke';

const codecs = [
  activate,
  addAttribute,
  create,
  destroy,
  discoverVersions,
  get,
  getAttributeList,
  getAttributes,
  locate,
  query,
  revoke,
] as const;

type Codecs = (typeof codecs)[number];

/** Request payloads by operation name. */
export type OperationRequests = {
  [C in Codecs as C['name']]: C extends OperationCodec<C['name'], infer Q> ? Q : never;
};

export type OperationResponses = {
  [C in Codecs as C['name']]: C extends OperationCodec<C['name'], unknown, infer S> ? S : never;
};

export type OperationName = Codecs['name'];

export type OperationRequest = {
  [N in OperationName]: { readonly name: N; readonly payload: OperationRequests[N] };
}[OperationName];
export type OperationResponse = {
  [N in OperationName]: { readonly name: N; readonly payload: OperationResponses[N] };
}[OperationName];

/** Any of them. Which payload belongs to which name is closed over: it only meets the codec that its name found. */
type AnyCodec = OperationCodec<OperationName>;

const byNumber: ReadonlyMap<number, AnyCodec> = new Map(codecs.map((codec) => [codec.operation, codec as AnyCodec]));

const byName: ReadonlyMap<string, AnyCodec> = new Map(codecs.map((codec) => [codec.name, codec as AnyCodec]));

/** The codec of an operation number, if this library knows its payloads. */
export const operationCodec = (operation: EnumValue): AnyCodec | undefined => byNumber.get(operation);

export function operationCodecByName(name: OperationName): AnyCodec {
  const codec = byName.get(name);
  if (codec === undefined) throw new Error(`no codec of ${name}`);
  return codec;
}
