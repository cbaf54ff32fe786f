import { type Principal } from '../auth/principal';
import { type QueryValues } from './openapi/contract';
import { type InstanceScope } from './operation';
import { type BoundOperation } from './operation-table';
import { type Trace } from './tracing';

/** What the checks learn about a request, step by step. */
export interface RequestState {
  readonly trace: Trace;
  principal?: Principal;
  operation?: BoundOperation;
  /** Set once the caller may act on it. */
  instance?: InstanceScope;
  /** Set as soon as it is known whose audit trail the call belongs to, permitted or not. */
  audited?: InstanceScope;
  /** Of the documented types, the one that the caller likes best. */
  answerType: string;
  query: QueryValues;
}
