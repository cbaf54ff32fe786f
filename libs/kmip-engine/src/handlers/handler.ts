import { type OperationName, type OperationRequests, type OperationResponses } from '@lib/kmip-protocol';

import { type LateWork } from '../batch/late-work';
import { type MessageBudget } from '../batch/message-budget';
import { type Custodian } from '../custody/custodian';
import { type Deadline } from '../deadline';
import { type OperationContext } from '../operation-context';
import { type OperationTable } from './operation-table';

/** What a handler is given: its item's context and the part of the engine that sees keys. */
export interface HandlerContext extends OperationContext {
  readonly custodian: Custodian;
  readonly operations: OperationTable;
  /** Of the whole message. */
  readonly budget: MessageBudget;
  readonly late: LateWork;
}

/** One item's context with the deadline its owner ends. */
export interface ItemContext {
  readonly context: HandlerContext;
  readonly deadline: Deadline;
}

/** Carries out one operation. Commits its own audit record on success; failures are recorded by the caller. */
export type Handler<N extends OperationName> = (
  request: OperationRequests[N],
  context: HandlerContext,
) => Promise<OperationResponses[N]>;
