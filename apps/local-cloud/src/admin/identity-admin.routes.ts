import { type FastifyInstance } from 'fastify';
import { type Cloud } from '../cloud';
import { type ApiKeyRow, type IdentityRow } from '../journal/rows';
import { within } from '@lib/stand-in';
import { sha256 } from '../iam/login-sessions';
import {
  apiKeyChange,
  apiKeyInput,
  clientInput,
  endedInput,
  parse,
  policyInput,
  rotateInput,
  serviceIdChange,
  serviceIdInput,
  tokenInput,
  userInput,
} from './admin-input';
import { AdminError } from './admin.errors';
import { type Provisioning } from './provisioning';

export function registerIdentityAdmin(admin: FastifyInstance, cloud: Cloud, provisioning: Provisioning): void {
  registerIdentities(admin, cloud, provisioning);
  registerApiKeys(admin, cloud, provisioning);
  registerPolicies(admin, cloud, provisioning);
  registerTokens(admin, cloud);
  registerLogins(admin, cloud);
}

function ownerOf(cloud: Cloud, iamId: string): IdentityRow {
  const owner = cloud.store.get('identity', iamId);
  if (!owner) throw new AdminError(404, 'no such user or service ID');
  return owner;
}

function registerIdentities(admin: FastifyInstance, cloud: Cloud, provisioning: Provisioning): void {
  admin.post('/service-ids', async (request, reply) => {
    const { row, changes } = provisioning.serviceId(parse(serviceIdInput, request.body));
    await cloud.store.commit(...changes);
    return reply.code(201).send(row);
  });

  admin.patch<{ Params: { iamId: string } }>('/service-ids/:iamId', async (request) => {
    const { locked } = parse(serviceIdChange, request.body);
    const changed: IdentityRow = { ...ownerOf(cloud, request.params.iamId), locked };
    await cloud.store.commit(['identity', changed.iamId, changed]);
    return changed;
  });

  admin.delete<{ Params: { iamId: string } }>('/service-ids/:iamId', async (request, reply) => {
    await cloud.store.commit(['identity', ownerOf(cloud, request.params.iamId).iamId, null]);
    return reply.code(204).send();
  });

  admin.post('/users', async (request, reply) => {
    const { row, changes } = provisioning.user(parse(userInput, request.body));
    await cloud.store.commit(...changes);
    return reply.code(201).send(row);
  });
}

function registerApiKeys(admin: FastifyInstance, cloud: Cloud, provisioning: Provisioning): void {
  const find = (id: string): [string, ApiKeyRow] => {
    for (const entry of cloud.store.entries('apiKey')) if (entry[1].id === id) return entry;
    throw new AdminError(404, 'no such API key');
  };

  admin.post('/api-keys', async (request, reply) => {
    const input = parse(apiKeyInput, request.body);
    const { row, changes, apikey } = provisioning.apiKey(input, ownerOf(cloud, input.iamId));
    await cloud.store.commit(...changes);
    return reply.code(201).send({ ...row, apikey });
  });

  admin.patch<{ Params: { id: string } }>('/api-keys/:id', async (request) => {
    const [hash, row] = find(request.params.id);
    const change = parse(apiKeyChange, request.body);
    const { expiresAt: before, ...rest } = row;
    const expiresAt = change.expiresAt === undefined ? before : (change.expiresAt ?? undefined);
    const changed: ApiKeyRow = {
      ...rest,
      locked: change.locked ?? row.locked,
      disabled: change.disabled ?? row.disabled,
      ...(expiresAt !== undefined && { expiresAt }),
    };
    await cloud.store.commit(['apiKey', hash, changed]);
    return changed;
  });

  admin.delete<{ Params: { id: string } }>('/api-keys/:id', async (request, reply) => {
    await cloud.store.commit(['apiKey', find(request.params.id)[0], null]);
    return reply.code(204).send();
  });
}

function registerPolicies(admin: FastifyInstance, cloud: Cloud, provisioning: Provisioning): void {
  admin.post('/policies', async (request, reply) => {
    const input = parse(policyInput, request.body);
    const { row, changes } = provisioning.policy(input, ownerOf(cloud, input.iamId));
    await cloud.store.commit(...changes);
    return reply.code(201).send(row);
  });

  admin.get<{ Querystring: { iamId?: string } }>('/policies', (request) => [
    ...cloud.store.list('policy', request.query.iamId ?? ''),
  ]);

  admin.delete<{ Params: { id: string } }>('/policies/:id', async (request, reply) => {
    for (const [, row] of cloud.store.entries('policy')) {
      if (row.id !== request.params.id) continue;
      await cloud.store.commit(['policy', within(row.iamId, row.id), null]);
      return reply.code(204).send();
    }
    throw new AdminError(404, 'no such policy');
  });
}

function registerTokens(admin: FastifyInstance, cloud: Cloud): void {
  admin.post('/tokens', async (request, reply) => {
    const { iamId, accountId, expiresInSeconds, scope, clientId } = parse(tokenInput, request.body);
    const identity = cloud.store.get('identity', iamId) ?? stranger(iamId, accountId);
    const lifetime = { lifetimeSeconds: expiresInSeconds, scope, clientId };
    const { token, claims } = await cloud.tokens.issue(identity, { grantType: 'password', ...lifetime });
    return reply.code(201).send({ access_token: token, token_type: 'Bearer', expiration: claims.exp, claims });
  });

  admin.post('/tokens/revoke', async (_request, reply) => {
    await cloud.tokens.revokeAll();
    return reply.code(204).send();
  });

  admin.post('/signing-keys/rotate', async (request) => {
    await cloud.tokens.rotate(parse(rotateInput, request.body).retire);
    return cloud.tokens.jwks();
  });
}

/** Services that people sign in for, and how the people end that elsewhere. */
function registerLogins(admin: FastifyInstance, cloud: Cloud): void {
  admin.post('/clients', async (request, reply) => {
    const { id, secret, redirectUris } = parse(clientInput, request.body);
    await cloud.store.commit(['client', id, { id, secretHash: sha256(secret).toString('hex'), redirectUris }]);
    return reply.code(201).send({ id, redirectUris });
  });

  admin.post('/login-sessions/end', async (request) => ({
    ended: await cloud.logins.endAll(parse(endedInput, request.body).iamId),
  }));
}

function stranger(iamId: string, accountId: string | undefined): IdentityRow {
  if (accountId === undefined)
    throw new AdminError(404, 'no such user or service ID; give an accountId for a stranger');
  const kind = iamId.startsWith('iam-ServiceId-') ? 'service_id' : 'user';
  return { iamId, accountId, kind, name: iamId, createdAt: new Date().toISOString() };
}
