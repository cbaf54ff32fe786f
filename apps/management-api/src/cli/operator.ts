import { userInfo } from 'node:os';

import { type InstanceId, newCorrelationId, toInstanceId } from '@lib/kernel';
import { type ActionContext } from '@lib/tenancy';

import { type Arguments } from './arguments';

/** The account of the operating system stands for the operator in the audit trail. */
export const operator = (): string => `admin/${userInfo().username}`;

export const operatorContext = (): ActionContext => ({
  initiator: { kind: 'system', component: operator() },
  correlationId: newCorrelationId(),
  observer: 'admin',
});

/** @throws DomainError when it is no id */
export const instanceOf = (given: Arguments): InstanceId => toInstanceId(given.get('instance'));
