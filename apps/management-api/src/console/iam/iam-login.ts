import { decodeJwt } from 'jose';
import {
  allowInsecureRequests,
  authorizationCodeGrantRequest,
  calculatePKCECodeChallenge,
  type Client,
  type ClientAuth,
  processAuthorizationCodeResponse,
  processRefreshTokenResponse,
  refreshTokenGrantRequest,
  type TokenEndpointResponse,
  validateAuthResponse,
} from 'oauth4webapi';

import { type Clock, type Secret } from '@lib/kernel';
import { type Logger } from '@lib/observability';

import { IamUnavailableError } from '../../auth/iam-key-set';
import { type Principal } from '../../auth/principal';
import { type TokenVerifier } from '../../auth/token-verifier';
import { type IamDiscovery, type IamEndpoints } from './iam-discovery';

const TIMEOUT_MS = 10_000;
/** Longest text of a person's that is shown to himself. */
const MAX_NAME = 256;

export interface IamLoginOptions {
  readonly clientId: string;
  readonly clientSecret: Secret;
  readonly redirectUri: string;
  /** True where IAM is reached without TLS, which is a stand-in on this machine. */
  readonly insecure: boolean;
}

/** What a sign-in is bound to. Random, and known to us and to IAM alone. */
export interface LoginSecrets {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** What IAM gave for a person, whose access token is verified. */
export interface IamTokens {
  readonly principal: Principal;
  readonly name: string | undefined;
  readonly email: string | undefined;
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** IAM does not let this person in, or not any more: only a new sign-in helps. */
export class LoginRefused extends Error {
  constructor(cause?: unknown) {
    super('IAM refused', { cause });
    this.name = 'LoginRefused';
  }
}

/**
 * IAM's part of a sign-in: authorization code of a confidential client, with state, nonce and PKCE (RFC 6749, RFC 7636).
 * IAM may ignore the last two: an answer without ID token has no nonce to be checked, and is bound by state and code.
 */
export class IamLogin {
  readonly #client: Client;

  constructor(
    private readonly options: IamLoginOptions,
    private readonly discovery: Pick<IamDiscovery, 'endpoints' | 'doubt'>,
    private readonly verifier: Pick<TokenVerifier, 'verify'>,
    private readonly clock: Pick<Clock, 'now'>,
    private readonly logger: Pick<Logger, 'error'>,
  ) {
    this.#client = { client_id: options.clientId };
  }

  /** Where the browser is sent. @throws IamUnavailableError */
  async address({ state, nonce, verifier }: LoginSecrets): Promise<string> {
    const { authorization } = await this.discovery.endpoints();
    const address = new URL(authorization);
    const parameters = {
      client_id: this.options.clientId,
      redirect_uri: this.options.redirectUri,
      response_type: 'code',
      scope: 'openid',
      state,
      nonce,
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    };
    for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value);
    return address.href;
  }

  /**
   * @param given what the browser brought back
   * @param asked of the account whose tokens are wanted, and the address of the browser
   * @throws LoginRefused, IamUnavailableError
   */
  async redeem(
    given: URLSearchParams,
    { state, nonce, verifier }: LoginSecrets,
    asked: { readonly accountId: string | undefined; readonly address: string },
  ): Promise<IamTokens> {
    const { server } = await this.discovery.endpoints();
    const parameters = refusedUnless(() => validateAuthResponse(server, this.#client, given, state));
    if (!parameters.get('code')) throw new LoginRefused('an answer without a code');
    const answer = await this.#post((credentials, options) =>
      authorizationCodeGrantRequest(server, this.#client, credentials, parameters, this.options.redirectUri, verifier, {
        ...options,
        additionalParameters: {
          response_type: 'cloud_iam',
          ip_address: asked.address,
          ...(asked.accountId !== undefined && { account: asked.accountId }),
        },
      }),
    );
    const tokens = await this.#read(answer, async () => {
      const hasIdToken = 'id_token' in ((await answer.clone().json()) as object);
      return processAuthorizationCodeResponse(server, this.#client, answer, hasIdToken ? { expectedNonce: nonce } : {});
    });
    return this.#verified(tokens, tokens.refresh_token);
  }

  /** @throws LoginRefused, IamUnavailableError */
  async refresh(refreshToken: string, accountId: string): Promise<IamTokens> {
    const { server }: IamEndpoints = await this.discovery.endpoints();
    const answer = await this.#post((credentials, options) =>
      refreshTokenGrantRequest(server, this.#client, credentials, refreshToken, {
        ...options,
        additionalParameters: { account: accountId },
      }),
    );
    const tokens = await this.#read(answer, () => processRefreshTokenResponse(server, this.#client, answer));
    return this.#verified(tokens, tokens.refresh_token ?? refreshToken);
  }

  async #post(
    send: (
      credentials: ClientAuth,
      options: { readonly signal: AbortSignal; readonly [allowInsecureRequests]: boolean },
    ) => Promise<Response>,
  ): Promise<Response> {
    try {
      return await send(basic(this.options), {
        signal: AbortSignal.timeout(TIMEOUT_MS),
        [allowInsecureRequests]: this.options.insecure,
      });
    } catch (cause) {
      this.discovery.doubt();
      throw unavailable(cause);
    }
  }

  /** Nothing of an answer's body gets into an error: it may hold tokens. @throws LoginRefused, IamUnavailableError */
  async #read(answer: Response, read: () => Promise<TokenEndpointResponse>): Promise<TokenEndpointResponse> {
    const { status } = answer;
    if (status === 401 || status === 403) {
      this.logger.error({ status }, 'IAM does not know CONSOLE_CLIENT_ID by CONSOLE_CLIENT_SECRET: nobody can sign in');
      throw unavailable();
    }
    if (status === 429 || status >= 500) throw unavailable();
    if (status !== 200) throw new LoginRefused(await codeOf(answer));
    try {
      return await read();
    } catch {
      throw new LoginRefused('an answer that is not as it must be');
    }
  }

  async #verified(tokens: TokenEndpointResponse, refreshToken: string | undefined): Promise<IamTokens> {
    const { access_token: accessToken } = tokens;
    const principal = await this.verifier.verify(`Bearer ${accessToken}`).catch((cause: unknown) => {
      throw cause instanceof IamUnavailableError ? cause : new LoginRefused('a token that is not valid');
    });
    if (refreshToken === undefined) throw new LoginRefused('no refresh token');
    if (principal.expiresAt * 1_000 <= this.clock.now().getTime()) throw new LoginRefused('a token that has ended');
    const claims = decodeJwt(accessToken);
    return { principal, name: text(claims['name']), email: text(claims['email']), accessToken, refreshToken };
  }
}

/**
 * RFC 6749 §2.3.1, where letters, digits, `-`, `.` and `_` stand for themselves: an IAM that does not decode what has
 * nothing else in it reads the same. The library would escape those too.
 */
const basic =
  ({ clientId, clientSecret }: IamLoginOptions): ClientAuth =>
  (_server, _client, _body, headers) => {
    const pair = [clientId, clientSecret.exposeText()].map((part) =>
      new URLSearchParams([['', part]]).toString().slice(1),
    );
    headers.set('authorization', `Basic ${Buffer.from(pair.join(':')).toString('base64')}`);
  };

const unavailable = (cause?: unknown): IamUnavailableError =>
  new IamUnavailableError('IAM cannot be reached now; try again later.', { cause });

function refusedUnless<T>(work: () => T): T {
  try {
    return work();
  } catch {
    // It quotes what the browser brought, the code among it.
    throw new LoginRefused('an answer that is not to our question');
  }
}

/** IAM's own form of an error (`BXNIM0408E`): the code alone. */
async function codeOf(answer: Response): Promise<string> {
  const body: unknown = await answer.json().catch(() => undefined);
  const code: unknown = typeof body === 'object' && body !== null && 'errorCode' in body ? body.errorCode : undefined;
  return typeof code === 'string' && /^[A-Z0-9]{1,20}$/.test(code) ? code : `status ${answer.status}`;
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value.slice(0, MAX_NAME) : undefined;
