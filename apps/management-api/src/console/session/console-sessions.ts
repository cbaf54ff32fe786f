import { randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';

import { type Clock, Secret } from '@lib/kernel';
import { type Logger } from '@lib/observability';
import { type ConsoleSession, type PostgresConsoleSessions, type SessionLimits } from '@lib/persistence';
import { type CredentialSealer, type Sealed, TenancyError } from '@lib/tenancy';

import { IamUnavailableError } from '../../auth/iam-key-set';
import { type IamLogin, type IamTokens, LoginRefused } from '../iam/iam-login';
import { hashOf, newCookieValue } from './session-cookie';

/** New tokens are fetched so long before the old ones end. */
const RENEW_BEFORE_MS = 60_000;
/** So long one process may take for that, with all that it waits for; another one then takes over. */
const RENEWAL_MS = 30_000;
/** So long others wait for it. */
const PATIENCE_MS = 15_000;
/** So often who took over looks for what the other one may have got after all. */
const GRACE_LOOKS = 30;
/** An IAM that did not answer is asked again for this session after that. */
const POSTPONED_MS = 5_000;
const LOOK_EVERY_MS = 100;
/** For requests that were on their way when the browser got a new cookie. */
const FORMER_GOOD_MS = 60_000;
/** That a session is in use is noted when it was not for so long. */
const NOTED_EVERY_MS = 30_000;
/** Of one person, on all browsers. */
const KEPT = 10;

export interface ConsoleSessionLimits {
  readonly idleMs: number;
  readonly absoluteMs: number;
}

export interface ConsoleSessionsParts {
  readonly store: PostgresConsoleSessions;
  readonly sealer: CredentialSealer;
  readonly iam: Pick<IamLogin, 'refresh'> | undefined;
  readonly clock: Clock;
  readonly limits: ConsoleSessionLimits;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly pause: (ms: number) => Promise<unknown>;
}

/** What is sealed in a session. */
interface SessionSecrets {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly csrfToken: string;
  readonly name?: string | undefined;
  readonly email?: string | undefined;
}

/** Of a renewal. */
interface Claim {
  readonly until: Date;
  /** Taken over from one that was not heard of any more. */
  readonly overdue: boolean;
}

/** A session whose cookie was shown. */
export interface OpenSession {
  readonly session: ConsoleSession;
  readonly secrets: SessionSecrets;
  /** To be sent to the browser in place of the one that was shown. */
  readonly newCookie?: string;
}

/** Who is signed in to the console, and with which tokens. */
export class ConsoleSessions {
  constructor(private readonly parts: ConsoleSessionsParts) {}

  /** @returns the cookie */
  async begin({ principal, accessToken, refreshToken, name, email }: IamTokens): Promise<string> {
    const { store, clock, limits } = this.parts;
    const cookie = newCookieValue();
    const [id, now] = [randomUUID(), clock.now()];
    const csrfToken = randomBytes(32).toString('base64url');
    const session = {
      id,
      iamId: principal.iamId,
      accountId: principal.accountId,
      cookieHash: hashOf(cookie),
      sealed: this.#seal(id, { accessToken, refreshToken, csrfToken, name, email }),
      accessExpiresAt: endOf(principal),
      signedInAt: now,
      expiresAt: new Date(now.getTime() + limits.absoluteMs),
    };
    await store.add(session, KEPT);
    this.parts.logger.info({ iamId: principal.iamId, accountId: principal.accountId, sessionId: id }, 'signed in');
    return cookie;
  }

  /** @returns undefined when the cookie opens nothing */
  async open(cookie: string | undefined): Promise<OpenSession | undefined> {
    if (cookie === undefined) return undefined;
    const { store, clock } = this.parts;
    const hash = hashOf(cookie);
    const session = await store.find(hash, this.limits());
    if (session === undefined) return undefined;
    const secrets = await this.#opened(session);
    if (secrets === undefined) return undefined;
    if (session.shown === 'next') {
      await store.confirm(session.id, hash, new Date(clock.now().getTime() + FORMER_GOOD_MS));
    }
    return { session, secrets };
  }

  /** Something is done in it by a person. */
  async use({ session }: OpenSession): Promise<void> {
    const { store, clock, limits } = this.parts;
    const now = clock.now();
    const every = Math.min(NOTED_EVERY_MS, limits.idleMs / 4);
    if (now.getTime() - session.usedAt.getTime() >= every) await store.touch(session.id, now);
  }

  /**
   * With an access token that is good. New ones are fetched by one process at a time; the others go on with the old ones,
   * or wait where those have ended.
   * @returns undefined when IAM ended the session, which then is over here too
   * @throws IamUnavailableError when the tokens have ended and IAM gives no others now: the session stays
   */
  async fresh(open: OpenSession): Promise<OpenSession | undefined> {
    const { store, clock, pause } = this.parts;
    const until = clock.monotonicMs() + PATIENCE_MS;
    for (let current: OpenSession | undefined = open; current !== undefined;) {
      const { session } = current;
      const now = clock.now();
      const leftMs = session.accessExpiresAt.getTime() - now.getTime();
      if (leftMs > RENEW_BEFORE_MS) return current;
      const claim = await store.claimRenewal(session, now, renewalEnd(now));
      const renewed = claim && (await this.#renewed(current, { until: renewalEnd(now), ...claim }));
      if (renewed !== undefined && renewed !== 'by another') return renewed === 'ended' ? undefined : renewed;
      if (leftMs > 0) return current;
      if (clock.monotonicMs() > until) throw unavailable();
      await pause(LOOK_EVERY_MS);
      current = await this.#again(session);
    }
    return undefined;
  }

  /** As it is by now; undefined when it is over. */
  async still({ id }: Pick<ConsoleSession, 'id'>): Promise<ConsoleSession | undefined> {
    return this.parts.store.get(id, this.limits());
  }

  /** Of these, those that are not over. */
  async alive(ids: readonly string[]): Promise<readonly string[]> {
    return this.parts.store.alive(ids, this.limits());
  }

  async end({ session }: OpenSession): Promise<void> {
    await this.parts.store.end(session.id);
    this.parts.logger.info({ iamId: session.iamId, sessionId: session.id }, 'signed out');
  }

  /** Every session of the same person, whatever the account. */
  async endAll({ session: { iamId } }: OpenSession): Promise<void> {
    const ended = await this.parts.store.endAll(iamId);
    this.parts.logger.info({ iamId, ended }, 'signed out everywhere');
  }

  async sweep(): Promise<void> {
    await this.parts.store.sweep(this.limits());
  }

  /** When it ends unless it is used. */
  idleEnd({ usedAt, expiresAt }: ConsoleSession, now?: Date): Date {
    const end = (now ?? usedAt).getTime() + this.parts.limits.idleMs;
    return new Date(Math.min(end, expiresAt.getTime()));
  }

  private limits(): SessionLimits {
    return { now: this.parts.clock.now(), idleMs: this.parts.limits.idleMs };
  }

  async #renewed(open: OpenSession, claim: Claim): Promise<OpenSession | 'ended' | 'by another'> {
    const { store, clock, iam, logger } = this.parts;
    const { session, secrets } = open;
    try {
      // Without a client there is nobody to ask for new tokens.
      if (iam === undefined) throw new LoginRefused();
      const tokens = await iam.refresh(secrets.refreshToken, session.accountId);
      if (tokens.principal.iamId !== session.iamId || tokens.principal.accountId !== session.accountId) {
        throw new LoginRefused('tokens of somebody else');
      }
      return (await this.#kept(open, tokens)) ?? 'by another';
    } catch (error) {
      if (error instanceof LoginRefused) {
        // Who was thought to be gone may have renewed them meanwhile, and then has what is good.
        if (claim.overdue) await this.#graceFor(session);
        if (!(await store.endUnrenewed(session, claim.until))) return 'by another';
        logger.info({ iamId: session.iamId, sessionId: session.id, cause: error.cause }, 'IAM ended a session');
        return 'ended';
      }
      const now = clock.now();
      await store.postponeRenewal(session, new Date(now.getTime() + POSTPONED_MS));
      if (error instanceof IamUnavailableError && session.accessExpiresAt > now) return open;
      throw error;
    }
  }

  async #kept(
    { session, secrets }: OpenSession,
    { principal, accessToken, refreshToken }: IamTokens,
  ): Promise<OpenSession | undefined> {
    const newCookie = newCookieValue();
    const renewed = { ...secrets, accessToken, refreshToken };
    const accessExpiresAt = endOf(principal);
    const sealed = this.#seal(session.id, renewed);
    const isKept = await this.parts.store.renewed(session, { sealed, accessExpiresAt, nextHash: hashOf(newCookie) });
    // Signed out meanwhile, or renewed by another one.
    if (!isKept) return undefined;
    return {
      session: { ...session, sealed, accessExpiresAt, revision: session.revision + 1 },
      secrets: renewed,
      newCookie,
    };
  }

  async #graceFor(session: ConsoleSession): Promise<void> {
    for (let looks = 0; looks < GRACE_LOOKS; looks += 1) {
      if ((await this.still(session))?.revision !== session.revision) return;
      await this.parts.pause(LOOK_EVERY_MS);
    }
  }

  async #again(before: ConsoleSession): Promise<OpenSession | undefined> {
    const session = await this.still(before);
    const secrets = session && (await this.#opened(session));
    return session && secrets && { session, secrets };
  }

  /** One that was sealed by a key that is gone is over. */
  async #opened(session: ConsoleSession): Promise<SessionSecrets | undefined> {
    try {
      const opened = this.parts.sealer.open(rowOf(session.id), session.sealed);
      const text = opened.exposeText();
      opened.wipe();
      // Written by #seal.
      return JSON.parse(text) as SessionSecrets;
    } catch (error) {
      if (!(error instanceof TenancyError)) throw error;
      this.parts.logger.warn({ sessionId: session.id, err: error }, 'a session of the console cannot be opened');
      await this.parts.store.end(session.id);
      return undefined;
    }
  }

  #seal(id: string, secrets: SessionSecrets): Sealed {
    const text = Secret.fromText(JSON.stringify(secrets));
    try {
      return this.parts.sealer.seal(rowOf(id), text);
    } finally {
      text.wipe();
    }
  }
}

const rowOf = (id: string) => ({ instanceId: 'region', rowId: `console-session ${id}` }) as const;

const renewalEnd = (now: Date): Date => new Date(now.getTime() + RENEWAL_MS);

const endOf = ({ expiresAt }: IamTokens['principal']): Date => new Date(expiresAt * 1_000);

const unavailable = (): IamUnavailableError => new IamUnavailableError('IAM gives no new token now; try again later.');

/** Of what a page sends with each change: only a page of ours can read it. */
export function isCsrfToken({ secrets }: OpenSession, given: string | string[] | undefined): boolean {
  return typeof given === 'string' && timingSafeEqual(hashOf(given), hashOf(secrets.csrfToken));
}
