import { randomBytes } from 'node:crypto';
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type Cloud } from '../cloud';
import { loginPage, type Person, refusalPage, signedOutPage } from './login-page';
import { type AuthorizationRequest } from './login-sessions';

const COOKIE = 'local-cloud-login';
const CHALLENGE = /^[A-Za-z0-9_-]{43}$/;
const FORM = /^application\/x-www-form-urlencoded\s*(;|$)/i;
/** Browsers that are signed in. */
const MAXIMUM_BROWSERS = 1_000;

/** Who is signed in with which browser: IBM Cloud's own session, which outlives those of services. In memory. */
class Browsers {
  readonly #users = new Map<string, string>();

  userOf(request: FastifyRequest): string | undefined {
    return this.#users.get(cookieOf(request));
  }

  /** @returns the cookie */
  signIn(iamId: string): string {
    const id = randomBytes(24).toString('base64url');
    this.#users.set(id, iamId);
    const [oldest] = this.#users.keys();
    if (this.#users.size > MAXIMUM_BROWSERS && oldest !== undefined) this.#users.delete(oldest);
    return `${COOKIE}=${id}; Path=/; HttpOnly; SameSite=Lax`;
  }

  /** @returns the cookie that takes it away */
  signOut(request: FastifyRequest): string {
    this.#users.delete(cookieOf(request));
    return `${COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0`;
  }
}

/** What a browser sees of IAM: who are you, and the way back to the service with a code. */
export function registerLogin(iam: FastifyInstance, cloud: Cloud): void {
  const browsers = new Browsers();
  iam.register((scope, _options, done) => {
    scope.addContentTypeParser(FORM, { parseAs: 'string' }, (_request: FastifyRequest, body: string) =>
      Promise.resolve(new URLSearchParams(body)),
    );
    const authorize = { config: { operation: 'authorize' } };
    scope.get('/identity/authorize', authorize, (request, reply) => {
      const query = new URL(request.url, 'http://local').searchParams;
      const known = query.get('prompt') === 'login' ? undefined : browsers.userOf(request);
      const user = known !== undefined && cloud.store.get('identity', known) ? known : undefined;
      return proceed(cloud, reply, query, (asked) =>
        user === undefined ? choose(cloud, reply, query) : sendBack(cloud, reply, query, asked, user),
      );
    });
    scope.post('/identity/authorize', authorize, (request, reply) => {
      const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
      const user = form.get('user') ?? '';
      return proceed(cloud, reply, form, (asked) => {
        if (cloud.store.get('identity', user)?.kind !== 'user') return choose(cloud, reply, form);
        void reply.header('set-cookie', browsers.signIn(user));
        return sendBack(cloud, reply, form, asked, user);
      });
    });
    scope.get('/identity/logout', { config: { operation: 'logout' } }, (request, reply) => {
      void reply.header('set-cookie', browsers.signOut(request));
      return show(reply, 200, signedOutPage());
    });
    done();
  });
}

/** Goes on with a request that is whole. Without a client and an address of its own, nobody is sent anywhere. */
function proceed(
  cloud: Cloud,
  reply: FastifyReply,
  given: URLSearchParams,
  next: (asked: AuthorizationRequest) => FastifyReply,
): FastifyReply {
  const client = cloud.store.get('client', given.get('client_id') ?? '');
  if (!client) return show(reply, 400, refusalPage('The service is not registered here.'));
  const redirectUri = given.get('redirect_uri') ?? '';
  if (!client.redirectUris.includes(redirectUri)) {
    return show(reply, 400, refusalPage('The service named an address that is not registered.'));
  }
  const fault = faultOf(given);
  if (fault !== undefined) return redirect(reply, redirectUri, given, { error: fault });
  const nonce = given.get('nonce');
  const codeChallenge = given.get('code_challenge') ?? '';
  return next({ clientId: client.id, redirectUri, codeChallenge, ...(nonce !== null && { nonce }) });
}

function faultOf(given: URLSearchParams): string | undefined {
  if (given.get('response_type') !== 'code') return 'unsupported_response_type';
  const isProven = given.get('code_challenge_method') === 'S256' && CHALLENGE.test(given.get('code_challenge') ?? '');
  return isProven ? undefined : 'invalid_request';
}

function choose(cloud: Cloud, reply: FastifyReply, given: URLSearchParams): FastifyReply {
  const people = [...cloud.store.list('identity')].filter(({ kind }) => kind === 'user').map(personOf(cloud));
  const fields = new Map([...given].filter(([name]) => name !== 'user' && name !== 'prompt'));
  return show(reply, 200, loginPage(people, fields));
}

const personOf =
  (cloud: Cloud) =>
  (identity: Person['identity']): Person => ({
    identity,
    account: cloud.store.get('account', identity.accountId)?.name ?? identity.accountId,
    roles: [...new Set([...cloud.store.list('policy', identity.iamId)].flatMap(({ roles }) => roles))],
  });

const sendBack = (
  cloud: Cloud,
  reply: FastifyReply,
  given: URLSearchParams,
  asked: AuthorizationRequest,
  user: string,
): FastifyReply => redirect(reply, asked.redirectUri, given, { code: cloud.logins.issueCode(asked, user) });

function redirect(
  reply: FastifyReply,
  to: string,
  given: URLSearchParams,
  answer: Readonly<Record<string, string>>,
): FastifyReply {
  const target = new URL(to);
  const state = given.get('state');
  for (const [name, value] of Object.entries({ ...answer, ...(state !== null && { state }) })) {
    target.searchParams.set(name, value);
  }
  return reply.header('cache-control', 'no-store').redirect(target.href, 302);
}

const show = (reply: FastifyReply, status: number, page: string): FastifyReply =>
  reply
    .code(status)
    .headers({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    })
    .type('text/html; charset=utf-8')
    .send(page);

function cookieOf(request: FastifyRequest): string {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1) ?? '';
}
