import { DomainError } from '@lib/kernel';

import { ACCESS_REFUSALS } from '../ports/managed-object-store.port';
import { type FailureCode } from './failure-catalog';

/** Errors of the parts around the engine that a client can be told about, by their codes (docs/errors.md). */
const FAILURE_OF: ReadonlyMap<string, FailureCode> = new Map<string, FailureCode>([
  ...ACCESS_REFUSALS.map((refusal) => [refusal, refusal] as const),
  ['database_unavailable', 'catalog_unavailable'],
  ['database_share_used', 'database_share'],
  ['commit_outcome_unknown', 'catalog_unavailable'],
  ['credential_unreadable', 'credential_unreadable'],
  ['credential_not_set', 'credential_not_set'],
  ['root_key_not_set', 'root_key_not_bound'],
  ['instance_not_found', 'instance_gone'],
  ['invalid_crn', 'key_manager_address'],
  ['endpoint_not_allowed', 'key_manager_address'],
]);

/** @returns undefined for what is our own fault: that is told by nothing but a correlation id */
export const foreseenFailure = (error: unknown): FailureCode | undefined =>
  error instanceof DomainError ? FAILURE_OF.get(error.code) : undefined;
