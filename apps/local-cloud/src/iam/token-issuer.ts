import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  randomUUID,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { promisify } from 'node:util';
import { type IdentityRow, type SettingsRow, type SigningKeyRow } from '../journal/rows';
import { type Store } from '../journal/store';
import { without } from '@lib/stand-in';
import { claimsOf, type TokenClaims } from './token-claims';

const SETTINGS_ID = 'settings';
const DEFAULT_SETTINGS: SettingsRow = {
  clockOffsetMs: 0,
  tokenGeneration: 1,
  decisionCacheSeconds: 600,
  hpcsKeys: 50_000,
  sessionSeconds: 86_400,
  refreshTokenSeconds: 259_200,
};
export const readSettings = (store: Store): SettingsRow => ({
  ...DEFAULT_SETTINGS,
  ...store.get('settings', SETTINGS_ID),
});
export const changeSettings = (store: Store, change: Partial<SettingsRow>): Promise<void> =>
  store.commit(['settings', SETTINGS_ID, { ...readSettings(store), ...change }]);

const VERIFIED_LIMIT = 5000;

export interface IssueOptions {
  readonly grantType: string;
  readonly lifetimeSeconds?: number | undefined;
  readonly scope?: string | undefined;
  readonly clientId?: string | undefined;
}

export interface IssuedToken {
  readonly token: string;
  readonly claims: TokenClaims;
}

export interface JsonWebKeySet {
  readonly keys: readonly object[];
}

/** `malformed`: no token at all. `refused`: a token, but not (or no longer) one of ours. */
export type Verification = TokenClaims | 'malformed' | 'refused';

/** IAM's side of tokens: RS256 keys with rotation, issue, and verification with a memory. */
export class TokenIssuer {
  readonly #publicKeys = new Map<string, KeyObject>();
  readonly #verified = new Map<string, TokenClaims>();
  #signing: { kid: string; key: KeyObject } | undefined;
  #creating: Promise<void> | undefined;

  constructor(
    private readonly store: Store,
    readonly issuer: string,
    readonly lifetimeSeconds: number,
  ) {
    this.#load();
  }

  async issue(identity: IdentityRow, options: IssueOptions): Promise<IssuedToken> {
    const now = Math.floor(Date.now() / 1000);
    const { tokenGeneration, tokenLifetimeSeconds = this.lifetimeSeconds } = readSettings(this.store);
    const claims: TokenClaims = {
      ...claimsOf(identity),
      jti: `${tokenGeneration}-${randomUUID()}`,
      iat: now,
      exp: now + (options.lifetimeSeconds ?? tokenLifetimeSeconds),
      iss: this.issuer,
      grant_type: options.grantType,
      scope: options.scope ?? 'ibm openid',
      client_id: options.clientId ?? 'default',
      acr: 1,
      amr: ['pwd'],
    };
    return { token: await this.#signed(claims), claims };
  }

  /** OpenID Connect Core 1.0 §2. */
  idToken(identity: IdentityRow, clientId: string, nonce: string | undefined): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const standard = { iss: this.issuer, aud: clientId, iat: now, exp: now + this.lifetimeSeconds };
    const claims = without(claimsOf(identity), 'account');
    return this.#signed({ ...claims, ...standard, ...(nonce !== undefined && { nonce }) });
  }

  async #signed(claims: object): Promise<string> {
    const { kid, key } = await this.#signingKey();
    const body = `${encode({ kid, alg: 'RS256', typ: 'JWT' })}.${encode(claims)}`;
    return `${body}.${sign('sha256', Buffer.from(body), key).toString('base64url')}`;
  }

  verify(token: string): Verification {
    const known = this.#verified.get(token);
    const claims = known ?? this.#check(token);
    if (typeof claims === 'string') return claims;
    if (!this.#current(claims)) {
      this.#verified.delete(token);
      return 'refused';
    }
    if (!known) {
      if (this.#verified.size >= VERIFIED_LIMIT) this.#verified.clear();
      this.#verified.set(token, claims);
    }
    return claims;
  }

  async jwks(): Promise<JsonWebKeySet> {
    await this.#signingKey();
    const keys = [...this.#publicKeys].map(([kid, key]) => {
      const { kty, n, e } = key.export({ format: 'jwk' });
      return { kty, n, e, alg: 'RS256', kid };
    });
    return { keys };
  }

  /** A new key signs from now on. With `retire` the old ones leave the key set and their tokens die with them. */
  async rotate(retire: boolean): Promise<void> {
    await this.#signingKey();
    if (retire)
      for (const row of [...this.store.list('signingKey')]) await this.store.commit(['signingKey', row.kid, null]);
    await this.#create();
  }

  /** Every token issued so far is refused from now on. */
  async revokeAll(): Promise<void> {
    await changeSettings(this.store, { tokenGeneration: readSettings(this.store).tokenGeneration + 1 });
  }

  /** Forgets everything learnt from the store, after the store was emptied. */
  forget(): void {
    this.#verified.clear();
    this.#load();
  }

  #current(claims: TokenClaims): boolean {
    return claims.exp > Date.now() / 1000 && claims.jti.startsWith(`${readSettings(this.store).tokenGeneration}-`);
  }

  #check(token: string): Verification {
    const [header, payload, signature, ...rest] = token.split('.');
    if (!header || !payload || signature === undefined || rest.length > 0) return 'malformed';
    const { kid, alg } = decode(header);
    const claims = decode(payload);
    if (typeof claims['iam_id'] !== 'string') return 'malformed';
    const key = alg === 'RS256' && typeof kid === 'string' ? this.#publicKeys.get(kid) : undefined;
    const signed = Buffer.from(`${header}.${payload}`);
    if (!key || !verify('sha256', signed, key, Buffer.from(signature, 'base64url'))) return 'refused';
    // The signature is ours, and we sign nothing but TokenClaims.
    return claims as unknown as TokenClaims;
  }

  async #signingKey(): Promise<{ kid: string; key: KeyObject }> {
    if (!this.#signing) {
      this.#creating ??= this.#create().finally(() => (this.#creating = undefined));
      await this.#creating;
    }
    if (!this.#signing) throw new Error('no signing key was made');
    return this.#signing;
  }

  async #create(): Promise<void> {
    const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
    const row: SigningKeyRow = {
      kid: `${new Date().toISOString().replace(/\D/g, '')}-${randomUUID().slice(0, 8)}`,
      privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      createdAt: new Date().toISOString(),
    };
    await this.store.commit(['signingKey', row.kid, row]);
    this.forget();
  }

  #load(): void {
    this.#publicKeys.clear();
    this.#signing = undefined;
    for (const row of this.store.list('signingKey')) {
      const key = createPrivateKey(row.privateKeyPem);
      this.#publicKeys.set(row.kid, createPublicKey(key));
      this.#signing = { kid: row.kid, key };
    }
  }
}

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');

function decode(part: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}
