import { type FastifyInstance, type FastifyRequest } from 'fastify';
import { toTimestamp, within, without } from '@lib/stand-in';
import { type Cloud } from '../cloud';
import { ACTIVE, requireSettled, requireState, SUSPENDED } from './key-state';
import { callOf } from './kms-call';
import { KmsError } from './kms.errors';
import { operation } from './operations';

type IdRequest = FastifyRequest<{ Params: { id: string } }>;

/** Disable and enable a root key; and the first of two signatures under a deletion. */
export function registerKeySuspension(kms: FastifyInstance, cloud: Cloud): void {
  kms.post('/keys/:id/actions/disable', operation('secrets.disable'), async (request: IdRequest, reply) => {
    const key = callOf(request).requireRootKey(request.params.id);
    requireState(key, cloud.clock.now(), [ACTIVE], 'Key is not in active state');
    const updatedAt = toTimestamp(cloud.clock.now());
    await cloud.store.commit(['key', within(key.instanceId, key.id), { ...key, state: SUSPENDED, updatedAt }]);
    return reply.code(204).send();
  });

  kms.post('/keys/:id/actions/enable', operation('secrets.enable'), async (request: IdRequest, reply) => {
    const now = cloud.clock.now();
    const key = callOf(request).requireRootKey(request.params.id);
    requireState(key, now, [SUSPENDED], 'Key is not in suspended state');
    requireSettled(key, now);
    const updatedAt = toTimestamp(now);
    await cloud.store.commit(['key', within(key.instanceId, key.id), { ...key, state: ACTIVE, updatedAt }]);
    return reply.code(204).send();
  });

  const setForDeletion = operation('secrets.setkeyfordeletion');
  kms.post('/keys/:id/actions/setKeyForDeletion', setForDeletion, async (request: IdRequest, reply) => {
    const call = callOf(request);
    const key = call.requireKey(request.params.id);
    if (!key.dualAuthDelete) throw new KmsError('NOT_DUAL_AUTH_ERR');
    requireState(key, cloud.clock.now(), [ACTIVE]);
    const signature = { by: call.by, at: toTimestamp(cloud.clock.now()) };
    await cloud.store.commit(['key', within(key.instanceId, key.id), { ...key, setForDeletion: signature }]);
    return reply.code(204).send();
  });

  const unsetForDeletion = operation('secrets.unsetkeyfordeletion');
  kms.post('/keys/:id/actions/unsetKeyForDeletion', unsetForDeletion, async (request: IdRequest, reply) => {
    const key = callOf(request).requireKey(request.params.id);
    if (!key.dualAuthDelete) throw new KmsError('NOT_DUAL_AUTH_ERR');
    requireState(key, cloud.clock.now(), [ACTIVE]);
    await cloud.store.commit(['key', within(key.instanceId, key.id), without(key, 'setForDeletion')]);
    return reply.code(204).send();
  });
}
