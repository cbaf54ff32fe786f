import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { type MovableClock, within } from '@lib/stand-in';
import { type IdentityRow, type LoginSessionRow } from '../journal/rows';
import { type Store } from '../journal/store';
import { TokenEndpointError } from './iam.errors';
import { readSettings } from './token-issuer';

const CODE_LIFETIME_MS = 60_000;
/** Codes that nobody has come for. */
const MAXIMUM_CODES = 1_000;

export interface AuthorizationRequest {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly codeChallenge: string;
  readonly nonce?: string;
}

interface IssuedCode extends AuthorizationRequest {
  readonly iamId: string;
  readonly issuedAt: number;
  /** Of the session that was begun with it: a code that comes twice was stolen (RFC 6749 §4.1.2). */
  sessionId?: string;
}

/** What a client is given tokens for. */
export interface Grant {
  readonly identity: IdentityRow;
  readonly sessionId: string;
  readonly refreshToken: string;
  readonly nonce?: string;
}

export const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

const spent = (text = 'Provided authorization code is invalid or was used before.'): TokenEndpointError =>
  new TokenEndpointError(400, 'BXNIM0407E', text);

/** The sessions of people who signed in for a service, from the code to the last refresh token. */
export class LoginSessions {
  readonly #codes = new Map<string, IssuedCode>();

  constructor(
    private readonly store: Store,
    private readonly clock: Pick<MovableClock, 'now'>,
  ) {}

  issueCode(request: AuthorizationRequest, iamId: string): string {
    const code = randomBytes(24).toString('base64url');
    this.#codes.set(code, { ...request, iamId, issuedAt: performance.now() });
    const [oldest] = this.#codes.keys();
    if (this.#codes.size > MAXIMUM_CODES && oldest !== undefined) this.#codes.delete(oldest);
    return code;
  }

  /** @throws TokenEndpointError */
  async redeem(clientId: string, form: URLSearchParams): Promise<Grant> {
    const code = this.#codes.get(form.get('code') ?? '');
    if (code?.sessionId !== undefined) await this.#end(code.iamId, code.sessionId);
    if (code === undefined || code.sessionId !== undefined || code.clientId !== clientId) throw spent();
    // Whoever holds it has one attempt.
    code.sessionId = randomUUID();
    if (performance.now() - code.issuedAt > CODE_LIFETIME_MS) throw spent('Provided authorization code is expired.');
    const challenge = sha256(form.get('code_verifier') ?? '').toString('base64url');
    if (form.get('redirect_uri') !== code.redirectUri || challenge !== code.codeChallenge) throw spent();
    const identity = this.#memberOf(code.iamId, form.get('account'));
    const { sessionSeconds } = readSettings(this.store);
    const session = { id: code.sessionId, clientId, iamId: code.iamId, expiresAt: this.#after(sessionSeconds) };
    const refreshToken = await this.#keep({ ...session, accountId: identity.accountId });
    return { identity, sessionId: session.id, refreshToken, ...(code.nonce !== undefined && { nonce: code.nonce }) };
  }

  /** Each refresh token is good for once. @throws TokenEndpointError */
  async refresh(clientId: string, form: URLSearchParams): Promise<Grant> {
    const token = form.get('refresh_token') ?? '';
    const [owner = '', id = ''] = Buffer.from(token.split('.')[0] ?? '', 'base64url')
      .toString()
      .split(' ');
    const session = this.store.get('loginSession', within(owner, id));
    if (session?.clientId !== clientId) throw spent('Provided refresh token is invalid.');
    const now = this.clock.now().toISOString();
    if (session.ended === true || session.expiresAt < now) {
      throw new TokenEndpointError(400, 'BXNIM0439E', 'Session is inactive.');
    }
    if (session.refreshHash !== sha256(token).toString('hex')) throw spent('Provided refresh token was used before.');
    if (session.refreshExpiresAt < now) {
      throw new TokenEndpointError(400, 'BXNIM0408E', 'Provided refresh token is expired.');
    }
    const identity = this.#memberOf(session.iamId, form.get('account') ?? session.accountId);
    const refreshToken = await this.#keep({ ...session, accountId: identity.accountId });
    return { identity, sessionId: id, refreshToken };
  }

  /** As the user does under Profile > Login sessions. @returns how many there were */
  async endAll(iamId: string): Promise<number> {
    const open = [...this.store.list('loginSession', iamId)].filter(({ ended }) => ended !== true);
    for (const { id } of open) await this.#end(iamId, id);
    return open.length;
  }

  async #end(iamId: string, id: string): Promise<void> {
    const session = this.store.get('loginSession', within(iamId, id));
    if (session) await this.store.commit(['loginSession', within(iamId, id), { ...session, ended: true }]);
  }

  async #keep(session: Omit<LoginSessionRow, 'refreshHash' | 'refreshExpiresAt'>): Promise<string> {
    const { iamId, id } = session;
    const token = `${Buffer.from(`${iamId} ${id}`).toString('base64url')}.${randomBytes(32).toString('base64url')}`;
    const { refreshTokenSeconds } = readSettings(this.store);
    const row = {
      ...session,
      refreshHash: sha256(token).toString('hex'),
      refreshExpiresAt: this.#after(refreshTokenSeconds),
    };
    const now = this.clock.now().toISOString();
    const over = [...this.store.list('loginSession', iamId)].filter(({ expiresAt }) => expiresAt < now);
    const swept = over.map((old) => ['loginSession', within(iamId, old.id), null] as const);
    await this.store.commit(...swept, ['loginSession', within(iamId, id), row]);
    return token;
  }

  /** The user as a member of the account that is asked for; his own otherwise. */
  #memberOf(iamId: string, accountId: string | null): IdentityRow {
    const identity = this.store.get('identity', iamId);
    if (!identity) throw spent('The user is not there any more.');
    const account = accountId ?? identity.accountId;
    if (account !== identity.accountId && identity.memberOf?.includes(account) !== true) {
      throw new TokenEndpointError(400, 'BXNIM0423E', 'The user is not a member of the account.');
    }
    return { ...identity, accountId: account };
  }

  #after(seconds: number): string {
    return new Date(this.clock.now().getTime() + seconds * 1_000).toISOString();
  }
}
