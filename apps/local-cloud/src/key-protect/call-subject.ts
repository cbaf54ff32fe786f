import { within } from '@lib/stand-in';
import { type FastifyRequest } from 'fastify';

import { type Cloud } from '../cloud';

import { instanceIdOf } from './kms-call';

/**
 * What a request is about, for the request log and fault rules: the id in its path or search, the name of the key that
 * has this id or is to be created, and the additional data of a wrap. Never a payload. The body must be read already.
 */
export function subjectsOf(cloud: Cloud, request: FastifyRequest): readonly string[] {
  const { id } = request.params as { id?: string };
  const { search } = request.query as { search?: unknown };
  const { aad, resources } = (request.body ?? {}) as { aad?: unknown; resources?: unknown };
  const names = listOf(resources).map((resource) => (resource as { name?: unknown } | null)?.name);
  const given = [id, search, ...names, ...listOf(aad)].filter((text) => typeof text === 'string');
  const instance = instanceIdOf(request) ?? '';
  const found = given.map((text) => cloud.store.get('key', within(instance, text))?.name);
  return [...given, ...found.filter((name) => name !== undefined)];
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as readonly unknown[]) : []);
