import { type FastifyInstance } from 'fastify';
import { toTimestamp, within } from '@lib/stand-in';
import { type Cloud } from '../cloud';
import { type KeyRow } from '../journal/rows';
import { type Change } from '../journal/store';
import { type Query, readBoolean, readPage } from './key-list-query';
import { collection } from './key-representation';
import { DESTROYED, isPurged } from './key-state';
import { callOf } from './kms-call';
import { invalidField, KmsError } from './kms.errors';
import { DEFAULT_KEY_RING } from './new-key';
import { operation } from './operations';

/** Counting the default one, which always exists. */
const RINGS_PER_INSTANCE = 50;
const RING_ID = /^[A-Za-z0-9_-]{2,100}$/;

export function registerKeyRings(kms: FastifyInstance, cloud: Cloud): void {
  type Params = { Params: { ring: string } };

  kms.get<{ Querystring: Query }>('/key_rings', operation('key-rings.list'), (request) => {
    const call = callOf(request);
    call.require();
    const { limit, offset } = readPage(request.query, cloud.behaviour.settings.keyRingPage);
    const made = [...cloud.store.list('keyRing', call.instance.id)];
    const rings = [
      { id: DEFAULT_KEY_RING, creationDate: call.instance.createdAt },
      ...made.map(({ id, createdAt, createdBy }) => ({ id, creationDate: createdAt, createdBy })),
    ];
    const totals = readBoolean(request.query, 'totalCount') === true ? { totalCount: rings.length } : {};
    return collection('application/vnd.ibm.kms.key_ring+json', rings.slice(offset, offset + limit), totals);
  });

  kms.post<Params>('/key_rings/:ring', operation('key-rings.create'), async (request, reply) => {
    const call = callOf(request);
    call.require();
    const { id: instanceId } = call.instance;
    const { ring: id } = request.params;
    if (!RING_ID.test(id)) throw invalidField('key-ring-id', '2 to 100 letters, digits, - or _');
    const taken = id === DEFAULT_KEY_RING || cloud.store.get('keyRing', within(instanceId, id)) !== undefined;
    if (taken) throw new KmsError('KEY_RING_NOT_UNIQUE_ERR');
    const count = [...cloud.store.list('keyRing', instanceId)].length + 1;
    if (count >= RINGS_PER_INSTANCE) throw new KmsError('KEY_RING_QUOTA_ERR');
    const createdAt = toTimestamp(cloud.clock.now());
    await cloud.store.commit(['keyRing', within(instanceId, id), { instanceId, id, createdAt, createdBy: call.by }]);
    return reply.code(201).send();
  });

  kms.delete<Params & { Querystring: Query }>(
    '/key_rings/:ring',
    operation('key-rings.delete'),
    async (request, reply) => {
      const call = callOf(request);
      call.require();
      const { id: instanceId } = call.instance;
      const { ring: id } = request.params;
      const force = readBoolean(request.query, 'force') === true;
      if (!cloud.store.get('keyRing', within(instanceId, id))) throw new KmsError('KEY_RING_NOT_FOUND_ERR');
      const now = cloud.clock.now();
      const inside = [...cloud.store.list('key', instanceId)].filter(
        (key) => key.keyRingId === id && !isPurged(key, now),
      );
      // Force moves deleted keys out of the way; keys that live are never moved.
      const inTheWay = force ? inside.filter((key) => key.state !== DESTROYED) : inside;
      if (inTheWay.length > 0) throw new KmsError('KEY_RING_NOT_EMPTY_ERR');
      await cloud.store.commit(...inside.map(toDefaultRing), ['keyRing', within(instanceId, id), null]);
      return reply.code(204).send();
    },
  );
}

const toDefaultRing = (key: KeyRow): Change => [
  'key',
  within(key.instanceId, key.id),
  { ...key, keyRingId: DEFAULT_KEY_RING },
];
