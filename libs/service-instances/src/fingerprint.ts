import { createHash } from 'node:crypto';

import { type RequestedAttributes } from './service-instance';

/** Parts of the platform's context that belong to the identity of an order; names and targets may change. */
const IDENTIFYING_CONTEXT = ['platform', 'account_id', 'crn', 'resource_group_crn'];

/** JSON with sorted keys and without absent fields: the same text for equal values, however they were sent. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    isPlainObject(item) ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))) : item,
  );
}

export function fingerprintOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value), 'utf8').digest('hex');
}

/** Two orders are the same when this is equal. Who asked, and what a platform adds for itself, does not count. */
export function orderFingerprint(serviceId: string, planId: string, attributes: RequestedAttributes): string {
  const { parameters, context, organizationGuid, spaceGuid } = attributes;
  // CRNs come with and without two empty segments at the end.
  const kept = Object.fromEntries(IDENTIFYING_CONTEXT.map((name) => [name, context[name]?.replace(/::$/, '')]));
  return fingerprintOf({ serviceId, planId, parameters, organizationGuid, spaceGuid, context: kept });
}

const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
