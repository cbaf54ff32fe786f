import { type Readable } from 'node:stream';

import { SetMetadata } from '@nestjs/common';

import { type CorrelationId, type InstanceId } from '@lib/kernel';

import { type Action } from '@lib/tenancy';
import { type Principal } from '../auth/principal';
import { type QueryValues } from './openapi/contract';

/** The instance an operation is about, after the account check. */
export interface InstanceScope {
  readonly instanceId: InstanceId;
  readonly accountId: string;
  readonly crn: string;
  /** False while the instance is disabled or going away: it can then be read, and not be changed. */
  readonly writable: boolean;
}

/** A request that passed every check: authenticated, permitted, and valid by the document. */
export interface OperationCall {
  readonly principal: Principal;
  /** @throws when the operation is not about one instance; that is a bug of ours. */
  readonly instance: () => InstanceScope;
  readonly path: Readonly<Record<string, string>>;
  readonly query: QueryValues;
  /** Valid by the operation's schema; a controller names its type at one place. */
  readonly body: unknown;
  /** Of the documented media types of the answer, the one that the caller likes best. */
  readonly answerType: string;
  readonly ifMatch: string | undefined;
  /** The path as requested, without the query. */
  readonly target: string;
  readonly correlationId: CorrelationId;
  readonly address: string;
}

export interface OperationAnswer {
  readonly status: 200 | 201 | 202 | 204;
  readonly body?: object;
  /** Without quotes. */
  readonly etag?: string;
  readonly location?: string;
  /** Instead of `body`. */
  readonly stream?: { readonly type: string; readonly content: Readable };
}

export type OperationHandler = (call: OperationCall) => Promise<OperationAnswer>;

/** A change that was checked and not made. */
export type CheckedChange = () => Promise<OperationAnswer>;

/** Checks everything and changes nothing. */
export type ChangeCheck = (call: OperationCall) => Promise<CheckedChange>;

export interface OperationBinding {
  readonly operationId: string;
  readonly action: Action;
  /** `checked`: the method is a {@link ChangeCheck}. */
  readonly kind: 'direct' | 'checked';
}

export const OPERATION_BINDING = 'tenant-api:operation';

/**
 * Binds a controller's method to an operation of docs/openapi/tenant-api.yaml, which gives it its method and path, and
 * names the action the caller must be permitted. A method cannot be bound without an action.
 */
export function Operation(
  operationId: string,
  action: Action,
): <Handler extends OperationHandler>(
  target: object,
  key: string,
  descriptor: TypedPropertyDescriptor<Handler>,
) => void {
  return bind({ operationId, action, kind: 'direct' });
}

/**
 * The same for an operation whose document has `IBM-API-Dry-Run`. The method only checks, and returns the change: who
 * calls it decides whether to make it, so that a method cannot forget that a dry run was asked for.
 */
export function CheckedOperation(
  operationId: string,
  action: Action,
): <Check extends ChangeCheck>(target: object, key: string, descriptor: TypedPropertyDescriptor<Check>) => void {
  return bind({ operationId, action, kind: 'checked' });
}

const bind =
  (binding: OperationBinding) =>
  <Method>(target: object, key: string, descriptor: TypedPropertyDescriptor<Method>): void => {
    SetMetadata(OPERATION_BINDING, binding)(target, key, descriptor);
  };
