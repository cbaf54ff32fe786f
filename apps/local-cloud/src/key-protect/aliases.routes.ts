import { type FastifyInstance } from 'fastify';
import { toTimestamp, within } from '@lib/stand-in';
import { type Cloud } from '../cloud';
import { requireAliasesFree } from './alias-quota';
import { requireAlias } from './key-input';
import { callOf } from './kms-call';
import { KmsError } from './kms.errors';
import { operation } from './operations';

const ALIASES_PER_KEY = 5;

export function registerAliases(kms: FastifyInstance, cloud: Cloud): void {
  type Params = { Params: { id: string; alias: string } };

  kms.post<Params>('/keys/:id/aliases/:alias', operation('secrets-alias.create'), async (request, reply) => {
    const call = callOf(request);
    const { id, alias } = request.params;
    const key = call.requireKey(id);
    requireAlias(alias);
    requireAliasesFree(cloud, key.instanceId, [alias]);
    if (key.aliases.length >= ALIASES_PER_KEY) throw new KmsError('KEY_ALIAS_QUOTA_ERR');
    const creationDate = toTimestamp(cloud.clock.now());
    const { instanceId } = key;
    await cloud.store.commit(
      ['key', within(instanceId, id), { ...key, aliases: [...key.aliases, alias] }],
      ['alias', within(instanceId, alias), { instanceId, alias, keyId: id }],
    );
    const resource = { keyId: id, alias, creationDate, createdBy: call.by };
    const metadata = { collectionType: 'application/vnd.ibm.kms.alias+json', collectionTotal: 1 };
    return reply.code(201).send({ metadata, resources: [resource] });
  });

  kms.delete<Params>('/keys/:id/aliases/:alias', operation('secrets-alias.delete'), async (request, reply) => {
    const { id, alias } = request.params;
    const key = callOf(request).requireKey(id);
    if (!key.aliases.includes(alias)) throw new KmsError('KEY_ALIAS_NOT_FOUND_ERR');
    const aliases = key.aliases.filter((other) => other !== alias);
    await cloud.store.commit(
      ['key', within(key.instanceId, id), { ...key, aliases }],
      ['alias', within(key.instanceId, alias), null],
    );
    return reply.code(204).send();
  });
}
