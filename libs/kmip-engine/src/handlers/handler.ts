import { type AuditAction } from '@lib/audit';
import {
  type EnumValue,
  type OperationName,
  type OperationRequest,
  type OperationRequests,
  type OperationResponse,
  type OperationResponses,
  type ProtocolVersion,
} from '@lib/kmip-protocol';

import { type LateWork } from '../batch/late-work';
import { type MessageBudget } from '../batch/message-budget';
import { type Custodian } from '../custody/custodian';
import { type Deadline } from '../deadline';
import { type OperationContext } from '../operation-context';

/**
 * What decides the instance that an operation concerns: where new keys of its client are born, the object that it
 * names, or nothing.
 */
export type Concern = 'births' | 'object' | 'nothing';

/** The operations that are served, as those who handle messages need to know them. */
export interface Operations {
  /** Numbers of the operations that exist in a version, ascending, as Query lists them. */
  numbers(version: ProtocolVersion): readonly EnumValue[];
  /** Of an operation that is served; undefined for every other name. */
  auditAction(name: string): AuditAction | undefined;
  concern(name: OperationName): Concern;
  /** Something has changed when its answer is made. */
  changes(name: OperationName): boolean;
  run(request: OperationRequest, context: HandlerContext): Promise<OperationResponse>;
  /** Of what asks about the server alone; undefined for every other request. Touches no tenant and records nothing. */
  answer(request: OperationRequest, server: ServerFacts): OperationResponse | undefined;
}

/** What the server is, for one message: all that a question about it needs. */
export type ServerFacts = Pick<HandlerContext, 'operations' | 'version'>;

/** What a handler is given: its item's context and the part of the engine that sees keys. */
export interface HandlerContext extends OperationContext {
  readonly custodian: Custodian;
  readonly operations: Operations;
  /** Of the whole message. */
  readonly budget: MessageBudget;
  readonly late: LateWork;
}

/** One item's context with the deadline its owner ends. */
export interface ItemContext {
  readonly context: HandlerContext;
  readonly deadline: Deadline;
}

/** Answers a question about the server. */
export type ServerAnswer<N extends OperationName> = (
  request: OperationRequests[N],
  server: ServerFacts,
) => OperationResponses[N];

/** Carries out one operation. Commits its own audit record on success; failures are recorded by the caller. */
export type Handler<N extends OperationName> = (
  request: OperationRequests[N],
  context: HandlerContext,
) => Promise<OperationResponses[N]>;
