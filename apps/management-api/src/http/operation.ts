import { type Readable } from 'node:stream';

import { type CorrelationId, type InstanceId } from '@lib/kernel';
import { type Action } from '@lib/tenancy';

import { type Principal } from '../auth/principal';
import { type OperationContract, type QueryValues } from './openapi/contract';

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
  readonly lastEventId: string | undefined;
  /** Whether the caller still is who he was: his token has not ended, and his session of the console is there. */
  readonly isValid: () => Promise<boolean>;
  /** Calls within seconds after he has signed out, wherever he did. @returns to be called by who needs it no longer */
  readonly onSignedOut: (end: () => void) => () => void;
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

/** What a decorator says of a controller's method. */
export interface OperationBinding {
  readonly operationId: string;
  readonly action: Action;
  /** `checked`: the method is a {@link ChangeCheck}. */
  readonly kind: 'direct' | 'checked';
  readonly needs: FurtherNeeds;
}

/** What an operation needs in addition to its action, since it does what another action guards. */
export interface FurtherNeeds {
  readonly besides?: readonly Action[];
  /** By the field of the body, or the parameter of the query, that does it. */
  readonly ifGiven?: Readonly<Record<string, Action>>;
}

/** A method of a controller together with what is documented of it. */
export interface BoundOperation {
  readonly contract: OperationContract;
  readonly action: Action;
  readonly besides: readonly Action[];
  readonly ifGiven: Readonly<Record<string, Action>>;
  /** Path parameter that holds the instance id; undefined for the list of instances. */
  readonly instanceParameter: string | undefined;
}
