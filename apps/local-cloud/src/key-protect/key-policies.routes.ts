import { randomUUID } from 'node:crypto';
import { type FastifyInstance, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { toTimestamp, within } from '@lib/stand-in';
import { type Cloud } from '../cloud';
import { type InstanceRow, type KeyPolicyRow, type KeyRow } from '../journal/rows';
import { readEnvelope } from './key-input';
import { type Query, textOf } from './key-list-query';
import { collection, keyCrn } from './key-representation';
import { ACTIVE, requireState } from './key-state';
import { callOf } from './kms-call';
import { invalidField, invalidQuery, KmsError } from './kms.errors';
import { operation } from './operations';

const POLICY_TYPE = 'application/vnd.ibm.kms.policy+json';
const KINDS = ['rotation', 'dualAuthDelete'] as const;

const policyResource = z.strictObject({
  type: z.literal(POLICY_TYPE),
  rotation: z.strictObject({ enabled: z.boolean().default(true), interval_month: z.int().optional() }).optional(),
  dualAuthDelete: z.strictObject({ enabled: z.boolean() }).optional(),
});

type PolicyResource = z.output<typeof policyResource>;
type IdRequest = FastifyRequest<{ Params: { id: string } }>;

export function registerKeyPolicies(kms: FastifyInstance, cloud: Cloud): void {
  kms.get('/keys/:id/policies', operation('policies.read'), (request: IdRequest) => {
    const call = callOf(request);
    const key = call.requireKey(request.params.id);
    const kind = readKind(request.query as Query);
    const policies = key.policies.filter((policy) => kind === undefined || policy.kind === kind);
    return collection(
      POLICY_TYPE,
      policies.map((policy) => represent(call.instance, policy)),
    );
  });

  kms.put('/keys/:id/policies', operation('policies.write'), async (request: IdRequest) => {
    const call = callOf(request);
    const now = cloud.clock.now();
    const key = call.requireRootKey(request.params.id);
    const kind = readKind(request.query as Query);
    const given = readEnvelope(policyResource, request.body, 'Only one policy per request is supported');
    requireState(key, now, [ACTIVE]);
    if (kind === undefined || given[kind] === undefined) throw new KmsError('BODY_QUERY_PARAM_MISMATCH_ERR');
    const policy = merge(key, kind, given, call.by, toTimestamp(now));
    const changed: KeyRow = {
      ...key,
      policies: [...key.policies.filter((other) => other.kind !== kind), policy],
      dualAuthDelete: kind === 'dualAuthDelete' ? policy.enabled : key.dualAuthDelete,
    };
    await cloud.store.commit(['key', within(key.instanceId, key.id), changed]);
    return collection(POLICY_TYPE, [represent(call.instance, policy)]);
  });
}

function readKind(query: Query): KeyPolicyRow['kind'] | undefined {
  const text = textOf(query, 'policy');
  if (text === undefined) return undefined;
  const kind = KINDS.find((known) => known === text);
  if (!kind) throw invalidQuery('policy', 'rotation or dualAuthDelete');
  return kind;
}

function merge(key: KeyRow, kind: KeyPolicyRow['kind'], given: PolicyResource, by: string, at: string): KeyPolicyRow {
  const before = key.policies.find((policy) => policy.kind === kind);
  const origin = before ?? { id: randomUUID(), createdAt: at, createdBy: by };
  const updated = { ...origin, updatedAt: at, updatedBy: by };
  if (kind === 'dualAuthDelete') return { ...updated, kind, enabled: given.dualAuthDelete?.enabled === true };
  if (key.imported) throw invalidField('rotation', 'absent for an imported key');
  const { enabled = true, interval_month: months = before?.intervalMonth ?? 1 } = given.rotation ?? {};
  if (months < 1 || months > 12) throw invalidField('interval_month', '1 to 12');
  return { ...updated, kind, enabled, intervalMonth: months };
}

function represent(instance: InstanceRow, policy: KeyPolicyRow): object {
  const { kind, enabled, intervalMonth } = policy;
  return {
    type: POLICY_TYPE,
    id: policy.id,
    crn: keyCrn(instance, policy.id).replace(':key:', ':policy:'),
    createdBy: policy.createdBy,
    creationDate: policy.createdAt,
    updatedBy: policy.updatedBy,
    lastUpdateDate: policy.updatedAt,
    [kind]: kind === 'rotation' ? { enabled, interval_month: intervalMonth } : { enabled },
  };
}
