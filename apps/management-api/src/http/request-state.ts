import { type FastifyRequest } from 'fastify';

import { type Principal } from '../auth/principal';
import { type QueryValues } from './openapi/contract';
import { type BoundOperation, type InstanceScope } from './operation';
import { type Trace, traceOf } from './tracing';

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
  /** Of a caller who is signed in to the console: the cookie that replaces his. */
  newCookie?: string;
  /** Of such a caller: whether his session is still there. */
  isSignedIn?: () => Promise<boolean>;
  /** And to be told within seconds when it is over. @returns to be called by who needs it no longer */
  onSignedOut?: (end: () => void) => () => void;
}

const states = new WeakMap<FastifyRequest, RequestState>();

/** Always there, also for a request that was refused before it was admitted. */
export function stateOf(request: FastifyRequest): RequestState {
  const known = states.get(request);
  if (known) return known;
  const state = { trace: traceOf(request.headers['x-request-id']), answerType: 'application/json', query: {} };
  states.set(request, state);
  return state;
}
