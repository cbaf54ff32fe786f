import { type EnumValue } from '../objects/object.types';
import { type OperationCodec } from './operation-codec';
import * as codecs from './operation-list';

type Codecs = (typeof codecs)[keyof typeof codecs];

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

const every = Object.values(codecs) as readonly AnyCodec[];
const byNumber: ReadonlyMap<number, AnyCodec> = new Map(every.map((codec) => [codec.operation, codec]));
const byName: ReadonlyMap<string, AnyCodec> = new Map(every.map((codec) => [codec.name, codec]));

/** The codec of an operation number, if this library knows its payloads. */
export const operationCodec = (operation: EnumValue): AnyCodec | undefined => byNumber.get(operation);

export function operationCodecByName(name: OperationName): AnyCodec {
  const codec = byName.get(name);
  if (codec === undefined) throw new Error(`no codec of ${name}`);
  return codec;
}
