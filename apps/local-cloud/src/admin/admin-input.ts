import { z } from 'zod';
import { ROLES } from '../iam/roles';
import { AdminError } from './admin.errors';

const name = z.string().min(1).max(180);
const guid = z.uuid().transform((text) => text.toLowerCase());
const roles = z.array(z.enum(ROLES)).min(1);
const moment = z.iso.datetime();

export const accountInput = z.strictObject({
  id: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .optional(),
  name: name.default('Local account'),
});

export const instanceInput = z.strictObject({
  id: guid.optional(),
  accountId: z.string(),
  /** kms and hs-crypto are served here; other services (ours) exist for policies and the resource controller only. */
  serviceName: z.string().min(1).default('kms'),
  region: z.string().min(1).default('us-south'),
  name: name.optional(),
  planId: z.string().optional(),
  resourceGroupId: z.string().optional(),
  /** Key Protect only: on a host of its own. */
  dedicated: z.boolean().default(false),
  initialized: z.boolean().default(true),
});

export const instanceChange = z.strictObject({
  initialized: z.boolean().optional(),
  state: z.enum(['active', 'inactive', 'pending_reclamation', 'removed']).optional(),
});

export const serviceIdInput = z.strictObject({ id: guid.optional(), accountId: z.string(), name: name.optional() });

export const userInput = z.strictObject({
  iamId: z
    .string()
    .regex(/^IBMid-[A-Za-z0-9]+$/)
    .optional(),
  accountId: z.string(),
  name: name.optional(),
  email: z.email().optional(),
  memberOf: z.array(z.string()).optional(),
});

export const apiKeyInput = z.strictObject({
  iamId: z.string(),
  name: name.default('local key'),
  /** Given: kept as it is, so that a launcher can use the same key at every start. */
  apikey: z.string().min(32).optional(),
  locked: z.boolean().default(false),
  disabled: z.boolean().default(false),
  expiresAt: moment.optional(),
});

export const serviceIdChange = z.strictObject({ locked: z.boolean() });

export const apiKeyChange = z.strictObject({
  locked: z.boolean().optional(),
  disabled: z.boolean().optional(),
  expiresAt: moment.nullable().optional(),
});

const resource = z.strictObject({
  serviceName: z.string().optional(),
  serviceInstance: guid.optional(),
  region: z.string().optional(),
  keyRing: z.string().optional(),
  resourceType: z.string().optional(),
  resource: z.string().optional(),
});

export const policyInput = z.strictObject({
  iamId: z.string(),
  /** Of whose resources; the account of the identity when absent. */
  accountId: z.string().optional(),
  roles,
  resource,
});

export const seedInput = z.strictObject({
  account: accountInput.prefault({}),
  instance: instanceInput.omit({ accountId: true }).prefault({}),
  rootKey: z.strictObject({ id: guid.optional(), name: z.string().min(2).max(90).default('root-key') }).prefault({}),
  serviceId: serviceIdInput.omit({ accountId: true }).prefault({}),
  apiKey: apiKeyInput.omit({ iamId: true }).prefault({}),
  roles: roles.default(['Viewer', 'Writer']),
});

export const tokenInput = z.strictObject({
  iamId: z.string().min(3),
  /** Needed only for someone this cloud does not know, e.g. the resource controller's `crn-crn:...`. */
  accountId: z.string().optional(),
  expiresInSeconds: z.number().int().optional(),
  scope: z.string().optional(),
  clientId: z.string().optional(),
});

export const serviceInput = z.strictObject({
  name: z.string().min(1),
  actions: z.array(z.strictObject({ id: z.string().min(1), roles })),
});

export const clientInput = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9._-]{1,128}$/),
  secret: z.string().min(16),
  redirectUris: z.array(z.url()).min(1),
});

export const endedInput = z.strictObject({ iamId: z.string() });

const moments = z.enum(['before', 'after']).default('before');

export const faultInput = z.strictObject({
  match: z
    .strictObject({
      service: z.string().optional(),
      instance: guid.optional(),
      method: z.string().toUpperCase().optional(),
      operations: z.array(z.string()).optional(),
      writesOnly: z.boolean().optional(),
      about: z.string().min(1).optional(),
    })
    .default({}),
  effect: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('delay'), milliseconds: z.number().int().min(0).max(600_000) }),
    z.strictObject({
      kind: z.literal('status'),
      status: z.number().int().min(200).max(599),
      retryAfterSeconds: z.number().int().min(0).optional(),
      body: z.unknown().optional(),
      when: moments,
    }),
    z.strictObject({ kind: z.literal('page'), status: z.int().min(400).max(599), when: moments }),
    z.strictObject({ kind: z.literal('hang'), when: moments }),
    z.strictObject({ kind: z.literal('reset'), when: moments }),
  ]),
  count: z.number().int().min(1).optional(),
  skip: z.number().int().min(0).optional(),
  every: z.int().min(1).optional(),
});

const lag = z.int().min(0).max(100);
export const behaviourInput = z
  .strictObject({
    createAnswers: z.enum(['whole', 'as_preferred', 'id_only']),
    materialLag: lag,
    searchLag: lag,
    aliasesInActions: z.boolean(),
    keyRingPage: z.int().min(1).max(5_000),
    instancePage: z.int().min(1).max(100),
    removedInstances: z.enum(['shown', 'gone']),
    usageVerdicts: z.enum(['in_order', 'reversed']),
    idTokens: z.boolean(),
    rollBackMinutes: z.int().min(0).max(600),
  })
  .partial();

export const clockInput = z.union([
  z.strictObject({ advanceSeconds: z.number() }),
  z.strictObject({ now: moment }),
  z.strictObject({ reset: z.literal(true) }),
]);

export const settingsInput = z.strictObject({
  tokenLifetimeSeconds: z.int().min(1).max(3600).optional(),
  decisionCacheSeconds: z.int().min(0).max(3600).optional(),
  // Never kinder than the service is.
  hpcsKeys: z.int().min(1).max(50_000).optional(),
  sessionSeconds: z.int().min(1).max(86_400).optional(),
  refreshTokenSeconds: z.int().min(1).max(259_200).optional(),
});

export const rotateInput = z.strictObject({ retire: z.boolean().default(false) });

export type AccountInput = z.output<typeof accountInput>;
export type InstanceInput = z.output<typeof instanceInput>;
export type ServiceIdInput = z.output<typeof serviceIdInput>;
export type UserInput = z.output<typeof userInput>;
export type ApiKeyInput = z.output<typeof apiKeyInput>;
export type PolicyInput = z.output<typeof policyInput>;
export type SeedInput = z.output<typeof seedInput>;

export function parse<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const parsed = schema.safeParse(body ?? {});
  if (parsed.success) return parsed.data;
  throw new AdminError(400, parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
}
