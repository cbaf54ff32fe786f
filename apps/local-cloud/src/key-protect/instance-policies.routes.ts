import { type FastifyInstance } from 'fastify';
import { z } from 'zod';
import { toTimestamp, within } from '@lib/stand-in';
import { type Cloud } from '../cloud';
import { type InstancePolicyRow } from '../journal/rows';
import { type Change } from '../journal/store';
import { readBody } from './key-input';
import { type Query, textOf } from './key-list-query';
import { collection } from './key-representation';
import { callOf, type KmsCall } from './kms-call';
import { badBody, invalidField, invalidQuery, KmsError } from './kms.errors';
import { subnets } from './network-policy';
import { operation } from './operations';

const POLICY_TYPE = 'application/vnd.ibm.kms.policy+json';

const bodySchema = z.strictObject({
  metadata: z.strictObject({ collectionType: z.string(), collectionTotal: z.number() }),
  resources: z.array(z.unknown()).optional(),
});
const policySchema = z.strictObject({
  policy_type: z.string(),
  policy_data: z.strictObject({ enabled: z.boolean(), attributes: z.record(z.string(), z.unknown()).optional() }),
});

const flag = z.boolean().optional();
/** What each policy may say; one that is not here does not exist. */
const ATTRIBUTES: Readonly<Record<string, z.ZodType>> = {
  allowedNetwork: z.strictObject({ allowed_network: z.enum(['public-and-private', 'private-only']) }),
  allowedIP: z.strictObject({ allowed_ip: subnets }),
  dualAuthDelete: z.strictObject({}),
  keyCreateImportAccess: z.strictObject({
    create_root_key: flag,
    create_standard_key: flag,
    import_root_key: flag,
    import_standard_key: flag,
    enforce_token: flag,
  }),
  metrics: z.strictObject({}),
  rotation: z.strictObject({ interval_month: z.int().min(1).max(12) }),
};

export function registerInstancePolicies(kms: FastifyInstance, cloud: Cloud): void {
  kms.get<{ Querystring: Query }>('/instance/policies', operation('instance-policies.read'), (request) => {
    const call = callOf(request);
    call.require();
    const wanted = readType(request.query);
    const policies = [...cloud.store.list('instancePolicy', call.instance.id)];
    const shown = policies.filter(({ policyType }) => wanted === undefined || policyType === wanted).map(represent);
    return collection(POLICY_TYPE, shown);
  });

  kms.put<{ Querystring: Query }>(
    '/instance/policies',
    operation('instance-policies.write'),
    async (request, reply) => {
      const call = callOf(request);
      call.require();
      const policies = readPolicies(request.body, readType(request.query));
      const at = toTimestamp(cloud.clock.now());
      await cloud.store.commit(...policies.map((policy) => changeFor(cloud, call, policy, at)));
      return reply.code(204).send();
    },
  );
}

function readType(query: Query): string | undefined {
  const text = textOf(query, 'policy');
  if (text !== undefined && !Object.hasOwn(ATTRIBUTES, text)) {
    throw invalidQuery('policy', `one of ${Object.keys(ATTRIBUTES).join(', ')}`);
  }
  return text;
}

function readPolicies(body: unknown, wanted: string | undefined): z.output<typeof policySchema>[] {
  if (body === undefined) throw new KmsError('NO_BODY_ERR');
  const { metadata, resources = [] } = readBody(bodySchema, body);
  if (resources.length === 0) throw badBody('no resources');
  if (metadata.collectionTotal !== resources.length) throw new KmsError('COLLECTION_TOTAL_MISMATCH_ERR');
  const policies = resources.map((resource) => readBody(policySchema, resource));
  if (wanted !== undefined && policies[0]?.policy_type !== wanted) throw new KmsError('BODY_QUERY_PARAM_MISMATCH_ERR');
  const types = policies.map(({ policy_type: type }) => type);
  if (new Set(types).size !== types.length || (wanted !== undefined && policies.length > 1)) {
    throw new KmsError('NUM_COLLECTION_RESOURCE_ERR');
  }
  for (const policy of policies) requireAttributes(policy);
  return policies;
}

function requireAttributes({ policy_type: type, policy_data: data }: z.output<typeof policySchema>): void {
  const schema = Object.hasOwn(ATTRIBUTES, type) ? ATTRIBUTES[type] : undefined;
  if (!schema) throw invalidField('policy_type', `one of ${Object.keys(ATTRIBUTES).join(', ')}`);
  if (data.attributes !== undefined) readBody(schema, data.attributes);
  else if (data.enabled && !schema.safeParse({}).success) throw invalidField('attributes', 'present for this policy');
}

function changeFor(cloud: Cloud, call: KmsCall, policy: z.output<typeof policySchema>, at: string): Change {
  const id = within(call.instance.id, policy.policy_type);
  const before = cloud.store.get('instancePolicy', id);
  const row: InstancePolicyRow = {
    instanceId: call.instance.id,
    policyType: policy.policy_type,
    enabled: policy.policy_data.enabled,
    ...(policy.policy_data.attributes && { attributes: policy.policy_data.attributes }),
    createdAt: before?.createdAt ?? at,
    createdBy: before?.createdBy ?? call.by,
    updatedAt: at,
    updatedBy: call.by,
  };
  return ['instancePolicy', id, row];
}

const represent = (row: InstancePolicyRow): object => ({
  creationDate: row.createdAt,
  createdBy: row.createdBy,
  updatedBy: row.updatedBy,
  lastUpdated: row.updatedAt,
  policy_type: row.policyType,
  policy_data: { enabled: row.enabled, ...(row.attributes && { attributes: row.attributes }) },
});
