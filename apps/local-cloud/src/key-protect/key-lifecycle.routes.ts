import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { toTimestamp, within, without } from '@lib/stand-in';
import { type Cloud } from '../cloud';
import { type KeyRow } from '../journal/rows';
import { type Change } from '../journal/store';
import { readBody, readEnvelope } from './key-input';
import { requireRoom } from './key-quota';
import { collection, KEY_TYPE, representKey } from './key-representation';
import {
  ACTIVE,
  DELETION_AUTHORIZED_MS,
  DESTROYED,
  elapsedMs,
  isExpired,
  PURGEABLE_AFTER_MS,
  requireSettled,
  RESTORABLE_MS,
} from './key-state';
import { wantsIdOnly } from './keys.routes';
import { callOf, type KmsCall } from './kms-call';
import { KmsError, KmsUnauthorizedError } from './kms.errors';
import { DEFAULT_KEY_RING } from './new-key';
import { operation } from './operations';

type IdRequest = FastifyRequest<{ Params: { id: string } }>;

const patchBody = z.strictObject({ keyRingID: z.string() });
const restoreResource = z.strictObject({ payload: z.string().optional() });

export function registerKeyLifecycle(kms: FastifyInstance, cloud: Cloud): void {
  kms.patch('/keys/:id', operation('secrets.patch'), (request: IdRequest) => patch(cloud, request));
  kms.delete('/keys/:id', operation('secrets.delete'), (request: IdRequest, reply) => remove(cloud, request, reply));
  kms.post('/keys/:id/restore', operation('secrets.restore'), (request: IdRequest, reply) =>
    restore(cloud, request, reply),
  );
  kms.delete('/keys/:id/purge', operation('secrets.purge'), (request: IdRequest, reply) =>
    purge(cloud, request, reply),
  );
}

async function patch(cloud: Cloud, request: IdRequest): Promise<object> {
  const call = callOf(request);
  const now = cloud.clock.now();
  const key = call.requireKeyOrAlias(request.params.id);
  const { keyRingID } = readBody(patchBody, request.body);
  if (!call.allows({ keyRing: keyRingID, resourceType: 'key', resource: key.id })) throw new KmsUnauthorizedError();
  const ring = cloud.store.get('keyRing', within(key.instanceId, keyRingID));
  if (keyRingID !== DEFAULT_KEY_RING && !ring) throw new KmsError('KEY_RING_NOT_FOUND_ERR');
  if (key.state === DESTROYED) throw new KmsError('KEY_DELETED_ERR');
  const moved: KeyRow = { ...key, keyRingId: keyRingID, updatedAt: toTimestamp(now) };
  await cloud.store.commit(['key', within(key.instanceId, key.id), moved]);
  return collection(KEY_TYPE, [representKey(call.instance, moved, now)]);
}

async function remove(cloud: Cloud, request: IdRequest, reply: FastifyReply): Promise<FastifyReply> {
  const call = callOf(request);
  const now = cloud.clock.now();
  const key = call.requireKeyOrAlias(request.params.id);
  if (key.state === DESTROYED) throw new KmsError('KEY_DELETED_ERR');
  if (key.dualAuthDelete) requireSecondSignature(key, call, now);
  const deletedAt = toTimestamp(now);
  const deleted: KeyRow = { ...key, state: DESTROYED, deletedAt, deletedBy: call.by, updatedAt: deletedAt };
  await cloud.store.commit(['key', within(key.instanceId, key.id), deleted]);
  return answerWith(call, request, reply, deleted, now);
}

/** Two people: the one who set the key for deletion within the last week, and another one now. */
function requireSecondSignature(key: KeyRow, call: KmsCall, now: Date): void {
  const first = key.setForDeletion;
  const valid = first !== undefined && first.by !== call.by && elapsedMs(first.at, now) < DELETION_AUTHORIZED_MS;
  if (!valid) {
    const preface = '1 prior authorization(s) are required for deletion';
    throw new KmsError('AUTHORIZATIONS_NOT_MET', { preface });
  }
}

async function restore(cloud: Cloud, request: IdRequest, reply: FastifyReply): Promise<FastifyReply> {
  const call = callOf(request);
  const now = cloud.clock.now();
  const key = call.requireKey(request.params.id);
  if (request.body !== undefined) readEnvelope(restoreResource, request.body, 'Only one key may be restored at a time');
  const { deletedAt } = key;
  if (deletedAt === undefined) {
    throw new KmsError('KEY_ACTION_INVALID_STATE_ERR', { preface: 'Key is not in destroyed state' });
  }
  if (isExpired(key, now)) {
    throw new KmsError('KEY_EXPIRED_ERR', { preface: `The key expired on ${key.expirationDate ?? ''}` });
  }
  if (elapsedMs(deletedAt, now) >= RESTORABLE_MS) throw new KmsError('KEY_RESTORE_EXPIRED');
  requireSettled(key, now);
  requireRoom(cloud, call.instance);
  const kept = without(key, 'deletedAt', 'deletedBy', 'setForDeletion');
  const restored: KeyRow = { ...kept, state: ACTIVE, updatedAt: toTimestamp(now) };
  await cloud.store.commit(['key', within(key.instanceId, key.id), restored]);
  const shown = wantsIdOnly(cloud, request.headers['prefer'])
    ? { id: key.id }
    : representKey(call.instance, restored, now);
  return reply.code(201).send(collection(KEY_TYPE, [shown]));
}

async function purge(cloud: Cloud, request: IdRequest, reply: FastifyReply): Promise<FastifyReply> {
  const call = callOf(request);
  const now = cloud.clock.now();
  const key = call.requireKey(request.params.id);
  if (key.deletedAt === undefined) {
    throw new KmsError('KEY_ACTION_INVALID_STATE_ERR', { preface: 'Key is not in destroyed state' });
  }
  if (elapsedMs(key.deletedAt, now) < PURGEABLE_AFTER_MS) throw new KmsError('REQ_TOO_EARLY_ERR');
  const aliases = key.aliases.map((alias): Change => ['alias', within(key.instanceId, alias), null]);
  await cloud.store.commit(['key', within(key.instanceId, key.id), null], ...aliases);
  return answerWith(call, request, reply, key, now);
}

/** 204, unless the caller prefers to see what was deleted. */
function answerWith(call: KmsCall, request: IdRequest, reply: FastifyReply, key: KeyRow, now: Date): FastifyReply {
  if (request.headers['prefer'] !== 'return=representation') return reply.code(204).send();
  return reply.code(200).send(collection(KEY_TYPE, [representKey(call.instance, key, now)]));
}
