import { randomBytes } from 'node:crypto';
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type Cloud } from '../cloud';
import { apiKeyFault, findApiKey } from './api-keys';
import { clientOf } from './clients';
import { tokenEndpointBody, TokenEndpointError } from './iam.errors';
import { type Grant } from './login-sessions';

const API_KEY_GRANT = 'urn:ibm:params:oauth:grant-type:apikey';
const FORM = /^application\/x-www-form-urlencoded\s*(;|$)/i;

/** `/identity/token`, and the older alias that some clients still use. */
export function registerTokenRoutes(iam: FastifyInstance, cloud: Cloud): void {
  iam.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(FORM, { parseAs: 'string' }, (_request: FastifyRequest, body: string) =>
      Promise.resolve(new URLSearchParams(body)),
    );
    scope.setErrorHandler((error, request, reply) => answerError(error, request, reply));
    const options = { config: { operation: 'token.create', writes: true } };
    scope.post('/identity/token', options, (request, reply) => exchange(cloud, request, reply));
    scope.post('/oidc/token', options, (request, reply) => exchange(cloud, request, reply));
    done();
  });
}

/** For fault rules: what the token endpoint is asked for. */
export const grantTypeOf = ({ body }: FastifyRequest): readonly string[] =>
  body instanceof URLSearchParams ? [body.get('grant_type') ?? ''] : [];

async function exchange(cloud: Cloud, request: FastifyRequest, reply: FastifyReply): Promise<object> {
  const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
  const grantType = required(form, 'grant_type');
  void reply.header('cache-control', 'no-cache, no-store');
  switch (grantType) {
    case API_KEY_GRANT:
      return tokenOfApiKey(cloud, request, form);
    case 'authorization_code': {
      required(form, 'code');
      const clientId = clientOf(cloud, request);
      return tokenOfLogin(cloud, clientId, grantType, await cloud.logins.redeem(clientId, form));
    }
    case 'refresh_token': {
      required(form, 'refresh_token');
      const clientId = clientOf(cloud, request);
      return tokenOfLogin(cloud, clientId, grantType, await cloud.logins.refresh(clientId, form));
    }
    default:
      throw new TokenEndpointError(400, 'BXNIM0106E', "Property 'grant_type' has a value that is not supported.");
  }
}

async function tokenOfApiKey(cloud: Cloud, request: FastifyRequest, form: URLSearchParams): Promise<object> {
  const apiKey = findApiKey(cloud.store, required(form, 'apikey'));
  const identity = apiKey && cloud.store.get('identity', apiKey.iamId);
  if (!identity) throw new TokenEndpointError(400, 'BXNIM0415E', 'Provided API key could not be found.');
  const fault = apiKeyFault(apiKey, identity, cloud.clock.now());
  if (fault !== undefined) throw new TokenEndpointError(400, fault.errorCode, fault.errorMessage);
  const scope = form.get('scope') ?? undefined;
  const issuing = { grantType: API_KEY_GRANT, scope, clientId: basicUser(request) };
  const { token, claims } = await cloud.tokens.issue(identity, issuing);
  return {
    access_token: token,
    refresh_token: randomBytes(48).toString('base64url'),
    token_type: 'Bearer',
    expires_in: claims.exp - claims.iat,
    expiration: claims.exp,
    scope: claims.scope,
  };
}

/** Tokens for a service are scoped to it. */
async function tokenOfLogin(
  cloud: Cloud,
  clientId: string,
  grantType: string,
  { identity, refreshToken, sessionId, nonce }: Grant,
): Promise<object> {
  const { token, claims } = await cloud.tokens.issue(identity, { grantType, scope: `openid ${clientId}`, clientId });
  const withIdToken = cloud.behaviour.settings.idTokens && grantType === 'authorization_code';
  return {
    access_token: token,
    refresh_token: refreshToken,
    token_type: 'Bearer',
    expires_in: claims.exp - claims.iat,
    expiration: claims.exp,
    scope: claims.scope,
    session_id: sessionId,
    ...(withIdToken && { id_token: await cloud.tokens.idToken(identity, clientId, nonce) }),
  };
}

function required(form: URLSearchParams, property: string): string {
  const value = form.get(property);
  if (value === null || value === '') {
    throw new TokenEndpointError(400, 'BXNIM0109E', `Property missing or empty: '${property}'.`);
  }
  return value;
}

function basicUser(request: FastifyRequest): string | undefined {
  const encoded = /^Basic +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8').split(':')[0];
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof TokenEndpointError) return reply.code(error.status).send(tokenEndpointBody(request, error));
  const status = (error as { statusCode?: number }).statusCode ?? 500;
  const known = new TokenEndpointError(
    status,
    status === 500 ? 'BXNIM0001E' : 'BXNIM0106E',
    status === 500 ? 'Internal error.' : 'The request must be sent as application/x-www-form-urlencoded.',
  );
  if (status === 500) request.log.error(error);
  return reply.code(status).send(tokenEndpointBody(request, known));
}
