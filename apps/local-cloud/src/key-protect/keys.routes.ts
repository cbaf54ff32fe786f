import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type Cloud } from '../cloud';
import { type KeyRow } from '../journal/rows';
import { within } from '@lib/stand-in';
import { type Change } from '../journal/store';
import { requireAliasesFree } from './alias-quota';
import { requireCreationAllowed, isPolicyOn } from './instance-policy';
import { readNewKey } from './key-input';
import { requireRoom } from './key-quota';
import { type Query, readBoolean, readNarrowing, readPage, search, sortKeys, textOf } from './key-list-query';
import { collection, KEY_TYPE, representKey } from './key-representation';
import { ACTIVE, DESTROYED, isPurged, requireState } from './key-state';
import { callOf, keyRingHeader, keyTarget, type KmsCall } from './kms-call';
import { KmsError } from './kms.errors';
import { DEFAULT_KEY_RING, newKey } from './new-key';
import { operation } from './operations';

type IdRequest = FastifyRequest<{ Params: { id: string } }>;

export function registerKeys(kms: FastifyInstance, cloud: Cloud): void {
  kms.post('/keys', operation('secrets.create'), (request, reply) => create(cloud, request, reply));

  kms.get<{ Querystring: Query }>('/keys', operation('secrets.list'), (request) => {
    const now = cloud.clock.now();
    const call = callOf(request);
    const { limit, offset } = readPage(request.query);
    const narrowed = narrow(cloud, call, request.query, keyRingHeader(request));
    const found = search(narrowed, request.query);
    const page = sortKeys(withoutLagging(cloud, found.keys, request.query), request.query, now).slice(
      offset,
      offset + limit,
    );
    const shown = page.map((key) => representKey(call.instance, key, now));
    return collection(KEY_TYPE, shown, found.metadata);
  });

  kms.head<{ Querystring: Query }>('/keys', operation('secrets.head'), (request, reply) => {
    const narrowed = narrow(cloud, callOf(request), request.query, keyRingHeader(request));
    return reply.header('Key-Total', narrowed.length).send();
  });

  kms.get('/keys/:id', operation('secrets.read'), (request: IdRequest) => {
    const call = callOf(request);
    const key = call.requireKeyOrAlias(request.params.id);
    const shown = representKey(call.instance, key, cloud.clock.now());
    const payload = key.versions.at(-1)?.material;
    const given = key.extractable && key.state !== DESTROYED && !cloud.behaviour.withholdsMaterial(key.id);
    return collection(KEY_TYPE, [{ ...shown, ...(given && { payload }) }]);
  });

  kms.get('/keys/:id/metadata', operation('secrets-metadata.read'), (request: IdRequest) => {
    const call = callOf(request);
    const key = call.requireKeyOrAlias(request.params.id);
    return collection(KEY_TYPE, [representKey(call.instance, key, cloud.clock.now())]);
  });

  kms.get('/keys/:id/versions', operation('secrets-key-versions.list'), (request: IdRequest) => {
    const query = request.query as Query;
    const key = callOf(request).requireRootKey(request.params.id);
    if (readBoolean(query, 'allKeyStates') !== true) requireState(key, cloud.clock.now(), [ACTIVE]);
    const { limit, offset } = readPage(query);
    const versions = key.versions.map(({ id, createdAt }) => ({ id, creationDate: createdAt })).reverse();
    const totals = readBoolean(query, 'totalCount') === true ? { totalCount: versions.length } : {};
    return collection('application/vnd.ibm.kms.key.version+json', versions.slice(offset, offset + limit), totals);
  });
}

async function create(cloud: Cloud, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const call = callOf(request);
  const { instance } = call;
  const now = cloud.clock.now();
  const keyRingId = keyRingHeader(request) ?? DEFAULT_KEY_RING;
  call.require({ keyRing: keyRingId, resourceType: 'key' });
  const input = readNewKey(request.body, now);
  const ring = cloud.store.get('keyRing', within(instance.id, keyRingId));
  if (keyRingId !== DEFAULT_KEY_RING && !ring) throw new KmsError('KEY_RING_NOT_FOUND_ERR');
  // Material sealed for an import token: there is none here, as on an instance whose token ran out.
  if (input.encryptedNonce !== undefined || input.iv !== undefined) throw new KmsError('IMPORT_TOKEN_EXPIRED_ERR');
  requireCreationAllowed(cloud, instance.id, input.extractable, input.payload !== undefined);
  requireRoom(cloud, instance);
  requireAliasesFree(cloud, instance.id, input.aliases ?? []);
  const dualAuthDelete = isPolicyOn(cloud, instance.id, 'dualAuthDelete');
  const key = newKey({ ...input, instanceId: instance.id, keyRingId, dualAuthDelete, createdBy: call.by, now });
  await cloud.store.commit(...creationOf(key));
  cloud.behaviour.created(key.id);
  const shown = wantsIdOnly(cloud, request.headers['prefer']) ? { id: key.id } : representKey(instance, key, now);
  return reply.code(201).send(collection(KEY_TYPE, [shown]));
}

/** Searches read an index of their own, which is filled a little later; ids are looked up outside it. */
function withoutLagging(cloud: Cloud, keys: KeyRow[], query: Query): KeyRow[] {
  const text = textOf(query, 'search');
  if (text === undefined) return keys;
  return keys.filter(({ id }) => id === text || !cloud.behaviour.hidesFromSearch(id));
}

export function wantsIdOnly(cloud: Cloud, prefer: string | string[] | undefined): boolean {
  switch (cloud.behaviour.settings.createAnswers) {
    case 'whole':
      return prefer === 'return=minimal';
    case 'as_preferred':
      return prefer !== 'return=representation';
    case 'id_only':
      return true;
  }
}

function creationOf(key: KeyRow): Change[] {
  const { instanceId, id: keyId } = key;
  const aliases = key.aliases.map((alias): Change => [
    'alias',
    within(instanceId, alias),
    { instanceId, alias, keyId },
  ]);
  return [['key', within(instanceId, keyId), key], ...aliases];
}

/** The keys a caller may list, narrowed by ring, state and filter. */
function narrow(cloud: Cloud, call: KmsCall, query: Query, ring: string | undefined): KeyRow[] {
  const now = cloud.clock.now();
  const wanted = readNarrowing(query);
  const rings = new Map<string, boolean>();
  // A role on a single key opens that key, but does not put it on the list: hence the ring, not the key.
  const listed = (key: KeyRow): boolean => {
    const known = rings.get(key.keyRingId) ?? call.allows({ ...keyTarget(key), resource: undefined });
    rings.set(key.keyRingId, known);
    return known;
  };
  const keys: KeyRow[] = [];
  for (const row of cloud.store.list('key', call.instance.id)) {
    const key = cloud.behaviour.view(row);
    if (key === undefined) continue;
    if (ring !== undefined && key.keyRingId !== ring) continue;
    if (!isPurged(key, now) && wanted(key, now) && listed(key)) keys.push(key);
  }
  return keys;
}
