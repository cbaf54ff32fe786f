import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';

import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

import { type FakeAnswer, FakeSignIn } from './fake-sign-in';

type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];

/** What a test may say about a token; everything else is as IAM would make it. */
export interface TokenWish {
  readonly iamId?: string;
  /** `null` leaves `account.bss` out. */
  readonly accountId?: string | null;
  /** Seconds from now; negative for an expired token. */
  readonly expiresIn?: number;
  readonly issuer?: string;
  readonly kid?: string;
  /** `HS256` signs with the public modulus as if it were a shared secret (key confusion). */
  readonly algorithm?: 'RS256' | 'HS256';
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** IAM on 127.0.0.1: one RSA key, its JWKS over HTTP, tokens of every kind, and people who sign in. */
export class FakeIam {
  /** Requests for the keys so far. */
  keyRequests = 0;
  /** Answers 503 while true. */
  down = false;
  readonly signIn = new FakeSignIn((wish) => this.token(wish));

  private constructor(
    private readonly server: Server,
    private key: { kid: string; privateKey: PrivateKey; jwk: JWK },
  ) {}

  static async start(): Promise<FakeIam> {
    const server = createServer((request, response) => {
      void iam.answer(request).then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body));
      });
    });
    const iam = new FakeIam(server, await newKey('key-1'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return iam;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get issuer(): string {
    return `${this.url}/identity`;
  }

  private async answer(request: IncomingMessage): Promise<FakeAnswer> {
    const { url = '' } = request;
    const isOfSignIn = url === '/identity/token' || url.endsWith('/openid-configuration');
    if (!isOfSignIn) this.keyRequests += 1;
    if (this.down) return { status: 503, body: {} };
    if (!isOfSignIn) return { status: 200, body: this.keys() };
    return url === '/identity/token'
      ? this.signIn.answer(request)
      : { status: 200, body: this.signIn.discovery(this.url) };
  }

  keys(): { keys: JWK[] } {
    return { keys: [this.key.jwk] };
  }

  /** From now on tokens are signed with another key; the old one is no longer published. */
  async rotate(kid: string): Promise<void> {
    this.key = await newKey(kid);
  }

  async token(wish: TokenWish = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const claims: JWTPayload = {
      iam_id: wish.iamId ?? 'IBMid-000000USER',
      account: { valid: true, frozen: false, ...(wish.accountId !== null && { bss: wish.accountId ?? 'account-1' }) },
      scope: 'ibm openid',
      grant_type: 'urn:ibm:params:oauth:grant-type:apikey',
      iat: now,
      exp: now + (wish.expiresIn ?? 3600),
      iss: wish.issuer ?? this.issuer,
      ...wish.claims,
    };
    return new SignJWT(claims)
      .setProtectedHeader({ alg: wish.algorithm ?? 'RS256', kid: wish.kid ?? this.key.kid })
      .sign(wish.algorithm === 'HS256' ? Buffer.from(this.key.jwk.n ?? '', 'base64url') : this.key.privateKey);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.server.close(() => {
        resolve();
      });
    });
  }
}

async function newKey(kid: string): Promise<{ kid: string; privateKey: PrivateKey; jwk: JWK }> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  // IAM publishes no `use` member.
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'RS256' } };
}
