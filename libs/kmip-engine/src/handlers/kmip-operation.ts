import { type AuditAction } from '@lib/audit';
import { type OperationName } from '@lib/kmip-protocol';

import { type Concern, type Handler, type ServerAnswer } from './handler';

export interface KmipOperationFacts {
  /** How the operation is named in the audit trail. */
  readonly auditAction: AuditAction;
  readonly concern: Concern;
  /** Something has changed when its answer is made: the answer is short, and is never held back. Default: no. */
  readonly changes?: boolean;
  /** It reads one object by its identifier: its turn does not wait for searches and changes. Default: no. */
  readonly serves?: boolean;
}

/** One operation, marked {@link KmipOperation}. Holds no state: all it may know comes with the item. */
export interface OperationProvider<N extends OperationName = OperationName> {
  readonly run: Handler<N>;
}

/** One that asks about the server alone: it can be answered before anything of a tenant is touched. */
export interface ServerQuestionProvider<N extends OperationName = OperationName> {
  readonly answer: ServerAnswer<N>;
}

/** What a marked class says of its operation. */
export interface KmipOperationMark extends KmipOperationFacts {
  readonly name: OperationName;
}

const marks = new WeakMap<object, KmipOperationMark>();

/**
 * Marks the class that carries out one operation. Dispatch, Query, the trail's vocabulary, the instance of a message, its
 * turn and its budget follow from the mark: nothing else lists operations.
 */
export const KmipOperation =
  <N extends OperationName>(name: N, facts: KmipOperationFacts) =>
  (target: new () => OperationProvider<N> | ServerQuestionProvider<N>): void => {
    marks.set(target, { name, ...facts });
  };

/** The mark of a provider's class; undefined for anything else. */
export const markOf = (provider: object): KmipOperationMark | undefined => marks.get(provider.constructor);
