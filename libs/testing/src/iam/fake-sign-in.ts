import { createHash, randomUUID } from 'node:crypto';
import { type IncomingMessage } from 'node:http';

/** Whoever signs in. */
export interface FakePerson {
  readonly iamId: string;
  readonly accountId: string;
  readonly name?: string;
  readonly email?: string;
}

interface Code extends FakePerson {
  readonly challenge: string;
  readonly redirectUri: string;
  readonly nonce: string;
}

export interface FakeAnswer {
  readonly status: number;
  readonly body: object;
}

/** Makes access tokens, and ID tokens for `aud`. */
type MakeToken = (wish: {
  readonly iamId: string;
  readonly accountId: string;
  readonly expiresIn: number;
  readonly claims: Readonly<Record<string, unknown>>;
}) => Promise<string>;

export const FAKE_CLIENT = { id: 'kmip-console', secret: 'a secret of sixteen characters' } as const;
const BASIC = `Basic ${Buffer.from(`${FAKE_CLIENT.id}:${FAKE_CLIENT.secret.replaceAll(' ', '+')}`).toString('base64')}`;

const SECRETS = ['code', 'refresh_token', 'code_verifier'];

const refused = (errorCode: string, status = 400): FakeAnswer => ({
  status,
  body: { errorCode, errorMessage: 'refused' },
});

/** IAM's part of signing in: codes that are good for once, refresh tokens that are, and whatever goes wrong. */
export class FakeSignIn {
  /** Of new tokens. */
  tokenSeconds = 3_600;
  withIdTokens = false;
  /** What ID tokens say instead of the nonce that was asked. */
  nonce: string | undefined;
  /** Instead of any answer of the token endpoint, while set. */
  failing: FakeAnswer | undefined;
  /** Answers wait for it. */
  gate: Promise<unknown> = Promise.resolve();
  /** What the token endpoint was asked, but for secrets. */
  readonly asked: Record<string, string>[] = [];
  readonly #codes = new Map<string, Code>();
  readonly #refresh = new Map<string, FakePerson>();
  readonly #ended = new Set<string>();

  constructor(private readonly makeToken: MakeToken) {}

  /** What the browser of this person brings back from the address that it was sent to. */
  comeBack(address: string, person: FakePerson): string {
    const query = new URL(address).searchParams;
    const code = randomUUID();
    const [challenge, redirectUri, nonce] = ['code_challenge', 'redirect_uri', 'nonce'].map(
      (name) => query.get(name) ?? '',
    ) as [string, string, string];
    this.#codes.set(code, { ...person, challenge, redirectUri, nonce });
    return `/console/callback?code=${code}&state=${query.get('state') ?? ''}`;
  }

  /** Their refresh tokens are refused. */
  end(iamId: string): void {
    this.#ended.add(iamId);
  }

  discovery(base: string): object {
    return {
      issuer: `${base}/identity`,
      authorization_endpoint: `${base}/identity/authorize`,
      token_endpoint: `${base}/identity/token`,
    };
  }

  async answer(request: IncomingMessage): Promise<FakeAnswer> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    this.asked.push(Object.fromEntries([...form].filter(([name]) => !SECRETS.includes(name))));
    const failing = this.failing;
    await this.gate;
    if (failing) return failing;
    if (request.headers.authorization !== BASIC) return refused('BXNIM0124E', 401);
    return form.get('grant_type') === 'authorization_code' ? this.#redeem(form) : this.#renew(form);
  }

  async #redeem(form: URLSearchParams): Promise<FakeAnswer> {
    const text = form.get('code') ?? '';
    const code = this.#codes.get(text);
    this.#codes.delete(text);
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (code?.challenge !== challenge || code.redirectUri !== form.get('redirect_uri')) return refused('BXNIM0407E');
    return this.#tokens({ ...code, accountId: form.get('account') ?? code.accountId }, code.nonce);
  }

  async #renew(form: URLSearchParams): Promise<FakeAnswer> {
    const token = form.get('refresh_token') ?? '';
    const person = this.#refresh.get(token);
    this.#refresh.delete(token);
    if (person === undefined) return refused('BXNIM0407E');
    return this.#ended.has(person.iamId) ? refused('BXNIM0439E') : this.#tokens(person);
  }

  async #tokens({ iamId, accountId, name, email }: FakePerson, nonce?: string): Promise<FakeAnswer> {
    const refreshToken = `refresh-${randomUUID()}`;
    this.#refresh.set(refreshToken, { iamId, accountId, ...(name && { name }), ...(email && { email }) });
    const wish = { iamId, accountId, expiresIn: this.tokenSeconds };
    const idToken = {
      id_token: await this.makeToken({
        ...wish,
        claims: { aud: FAKE_CLIENT.id, sub: iamId, nonce: this.nonce ?? nonce },
      }),
    };
    return {
      status: 200,
      body: {
        access_token: await this.makeToken({ ...wish, claims: { name, email, jti: randomUUID() } }),
        refresh_token: refreshToken,
        token_type: 'Bearer',
        expires_in: this.tokenSeconds,
        ...(this.withIdTokens && nonce !== undefined && idToken),
      },
    };
  }
}
