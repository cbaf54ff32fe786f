import { type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';

import { parseBody } from '../http/server';

export class AdminError extends Error {
  constructor(
    readonly status: 400 | 404 | 409,
    message: string,
  ) {
    super(message);
  }
}

export const userInput = z.strictObject({
  password: z.string().min(1),
  role: z.enum(['administrator', 'none']).default('administrator'),
  without: z.array(z.string().min(1)).default([]),
});

const moments = z.enum(['before', 'after']).default('before');

export const faultInput = z.strictObject({
  match: z
    .strictObject({
      type: z.string().optional(),
      object: z.string().optional(),
      method: z.string().optional(),
      user: z.string().optional(),
    })
    .default({}),
  effect: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('delay'), milliseconds: z.int().min(0).max(600_000) }),
    z.strictObject({
      kind: z.literal('fault'),
      fault: z.string().min(1),
      message: z.string().default(''),
      members: z.record(z.string(), z.unknown()).default({}),
      in: z.enum(['call', 'task']).default('call'),
    }),
    z.strictObject({ kind: z.literal('slow_task'), seconds: z.number().min(0) }),
    z.strictObject({ kind: z.literal('cut_task'), after: z.int().min(0) }),
    z.strictObject({ kind: z.literal('page'), status: z.int().min(400).max(599), when: moments }),
    z.strictObject({ kind: z.literal('hang'), when: moments }),
    z.strictObject({ kind: z.literal('reset'), when: moments }),
  ]),
  count: z.int().min(1).optional(),
  skip: z.int().min(0).optional(),
  every: z.int().min(1).optional(),
});

export const clockInput = z.union([
  z.strictObject({ advanceSeconds: z.number() }),
  z.strictObject({ now: z.iso.datetime() }),
  z.strictObject({ reset: z.literal(true) }),
]);

export const behaviourInput = z
  .strictObject({
    typeNames: z.enum(['everywhere', 'where_needed']),
    faultsInData: z.enum(['inline', 'wrapped']),
    nothing: z.enum(['no_content', 'empty', 'null']),
    firstProviderIsDefault: z.boolean(),
    serverTrust: z.enum(['every', 'last']),
    statusLag: z.int().min(0).max(100),
    emptyProvider: z.enum(['kept', 'removed']),
    pageSize: z.int().min(1).max(10_000),
    snapshotHomes: z.enum(['recrypted', 'kept']),
    lockedConfig: z.enum(['readable', 'gone']),
    unencryptedVsan: z.enum(['said', 'unset']),
    taskSeconds: z.number().min(0),
    queueSeconds: z.number().min(0),
  })
  .partial();

export const seedInput = z.strictObject({
  machines: z.int().min(1).max(10_000).default(10),
  seed: z.int().min(0).default(1),
  mix: z.enum(['usual', 'movable', 'each']).default('usual'),
});

export const encryptInput = z.strictObject({ provider: z.string().min(1) });

export const hostInput = z.strictObject({ connection: z.enum(['connected', 'notResponding', 'disconnected']) });

export const sessionsInput = z.strictObject({ user: z.string().optional() });

export function parse<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const parsed = schema.safeParse(body ?? {});
  if (parsed.success) return parsed.data;
  throw new AdminError(400, parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
}

/** @throws AdminError */
export function bodyOf(request: FastifyRequest): unknown {
  try {
    return parseBody(request.body);
  } catch {
    throw new AdminError(400, 'the body is not JSON');
  }
}

export const done = (reply: FastifyReply): FastifyReply => reply.code(204).send();
