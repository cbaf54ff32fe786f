import { type EnumValue } from '../objects/object.types';
import { type Codec } from '../schema/codec';
import { Operation } from '../spec/enumerations';

/** One operation: its name, verbatim KMIP's in PascalCase, its number and its two payloads. */
export interface OperationCodec<N extends keyof typeof Operation = keyof typeof Operation, Q = unknown, S = unknown> {
  readonly name: N;
  readonly operation: EnumValue;
  readonly request: Codec<Q>;
  readonly response: Codec<S>;
}

export const describeOperation = <N extends keyof typeof Operation, Q, S>(
  name: N,
  payloads: Pick<OperationCodec<N, Q, S>, 'request' | 'response'>,
): OperationCodec<N, Q, S> => ({ name, operation: Operation[name], ...payloads });
