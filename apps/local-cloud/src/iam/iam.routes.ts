import { type FastifyInstance } from 'fastify';
import { type Cloud } from '../cloud';
import { watchTraffic } from '../http/traffic';
import { findApiKey } from './api-keys';
import { verifyCaller } from './caller';
import { IamApiError } from './iam.errors';
import { registerLogin } from './login.routes';
import { registerPolicyDecisions } from './policy-decision.routes';
import { grantTypeOf, registerTokenRoutes } from './token.routes';

export function registerIam(app: FastifyInstance, cloud: Cloud): void {
  app.register(
    (iam, _options, done) => {
      watchTraffic(iam, cloud, 'iam', { instanceOf: () => undefined, subjectsOf: grantTypeOf });
      iam.setErrorHandler((error, request, reply) => {
        if (error instanceof IamApiError) return reply.code(error.status).send(error.body());
        const status = (error as { statusCode?: number }).statusCode ?? 500;
        if (status >= 500) request.log.error(error);
        const message = status >= 500 ? 'Internal error.' : 'The request cannot be read.';
        return reply.code(status).send(new IamApiError(status, 'bad_request', 'BXNIM0106E', message).body());
      });
      registerTokenRoutes(iam, cloud);
      registerLogin(iam, cloud);
      registerDiscovery(iam, cloud);
      registerApiKeyDetails(iam, cloud);
      registerPolicyDecisions(iam, cloud);
      done();
    },
    { prefix: '/iam' },
  );
}

function registerDiscovery(iam: FastifyInstance, cloud: Cloud): void {
  iam.get('/identity/keys', { config: { operation: 'identity-keys.read' } }, () => cloud.tokens.jwks());
  iam.get('/identity/.well-known/openid-configuration', { config: { operation: 'openid-configuration.read' } }, () => ({
    issuer: cloud.tokens.issuer,
    authorization_endpoint: `${cloud.baseUrl()}/iam/identity/authorize`,
    token_endpoint: `${cloud.baseUrl()}/iam/identity/token`,
    jwks_uri: `${cloud.baseUrl()}/iam/identity/keys`,
    response_types_supported: ['code', 'token', 'id_token'],
    grant_types_supported: ['authorization_code', 'refresh_token', 'urn:ibm:params:oauth:grant-type:apikey'],
    scopes_supported: ['openid'],
    code_challenge_methods_supported: ['S256'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
  }));
}

/** Turns an API key into its record; the key travels in a header, so that it stays out of access logs. */
function registerApiKeyDetails(iam: FastifyInstance, cloud: Cloud): void {
  iam.get('/v1/apikeys/details', { config: { operation: 'apikeys-details.read' } }, (request) => {
    const caller = verifyCaller(cloud, request);
    if (typeof caller === 'string') {
      throw new IamApiError(401, 'unauthorized', 'BXNIM0308E', 'No authorization header found or token not valid.');
    }
    const apiKey = request.headers['iam-apikey'];
    if (typeof apiKey !== 'string' || apiKey === '') {
      throw new IamApiError(400, 'missing_property', 'BXNIM0109E', "Property missing or empty: 'IAM-ApiKey'.");
    }
    const row = findApiKey(cloud.store, apiKey);
    if (!row) throw new IamApiError(404, 'not_found', 'BXNIM0102E', 'The API key could not be found.');
    if (row.iamId !== caller.iam_id && row.accountId !== caller.account.bss) {
      throw new IamApiError(403, 'forbidden', 'BXNIM0513E', 'You are not authorized to read this API key.');
    }
    return {
      id: row.id,
      entity_tag: '1-00000000000000000000000000000000',
      crn: `crn:v1:bluemix:public:iam-identity::a/${row.accountId}::apikey:${row.id}`,
      locked: row.locked,
      disabled: row.disabled,
      created_at: row.createdAt,
      created_by: row.iamId,
      modified_at: row.createdAt,
      name: row.name,
      iam_id: row.iamId,
      account_id: row.accountId,
      apikey: '',
      ...(row.expiresAt !== undefined && { expires_at: row.expiresAt }),
    };
  });
}
