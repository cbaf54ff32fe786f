import { createHash, timingSafeEqual } from 'node:crypto';

import { type Clock, type Secret } from '@lib/kernel';
import { jwtVerify, type JWTPayload } from 'jose';

import { type IamKeySet, IamUnavailableError } from '../../auth/iam-key-set';
import { RateLimiter } from '../../http/rate-limiter';
import { OsbError } from './osb-error';

export interface PlatformAuthenticationOptions {
  readonly keys: Pick<IamKeySet, 'getKey'>;
  /** Exact value of `iss`. */
  readonly issuer: string;
  /** CRNs of the brokers that the resource controller may call us as. Empty: no token is taken. */
  readonly allowedCrns: readonly string[];
  /** Basic authentication, for tests and platforms without IAM. Absent: switched off. */
  readonly basic?: { readonly username: string; readonly password: Secret };
  readonly clock: Clock;
}

/** Clock error allowed between IAM and us. */
const LEEWAY_S = 5;
const MAX_HEADER_LENGTH = 16_384;
const BEARER = /^Bearer +([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)$/i;
const BASIC = /^Basic +([A-Za-z0-9+/]+={0,2})$/i;

/** Wrong credentials an address may bring; a platform that is set up wrongly shall see 401 for a while, not 429. */
const FAILURES = { perSecond: 1, burst: 100 } as const;

/**
 * Decides whether a request comes from the platform. Whoever passes here can create and delete every instance, so a
 * valid token of IAM is not enough: it must have been made for one of the CRNs under which this broker is registered.
 */
export class PlatformAuthentication {
  private readonly identities: ReadonlySet<string>;
  private readonly expectedBasic: Buffer | undefined;
  private readonly failures: RateLimiter;

  constructor(private readonly options: PlatformAuthenticationOptions) {
    this.identities = new Set(options.allowedCrns.map((crn) => `crn-${crn}`));
    this.failures = new RateLimiter(FAILURES, options.clock);
    const { basic } = options;
    this.expectedBasic = basic && digest(`${basic.username}:${basic.password.exposeText()}`);
  }

  /**
   * Passwords are not even looked at after too many wrong ones from an address. Tokens are: they cannot be guessed, and
   * whoever shares an address with the platform (a balancer's) must not be able to lock it out.
   * @throws OsbError 401 or 429; IamUnavailableError when IAM's keys were never seen
   */
  async authenticate(authorization: string | undefined, address: string): Promise<void> {
    if (authorization === undefined) throw this.unknown();
    const credentials = BASIC.exec(authorization)?.[1];
    if (credentials !== undefined) this.refuseWhileWaiting(this.failures.wait(address));
    if (credentials === undefined ? await this.acceptsBearer(authorization) : this.acceptsBasic(credentials)) return;
    this.refuseWhileWaiting(this.failures.take(address));
    throw this.unknown();
  }

  private refuseWhileWaiting(seconds: number): void {
    if (seconds === 0) return;
    const description = `Too many requests with wrong credentials: wait ${String(seconds)} s.`;
    throw new OsbError(429, description, undefined, {}, this.failures.limitHeaders(seconds));
  }

  private unknown(): OsbError {
    const challenges = this.expectedBasic ? 'Basic realm="broker", Bearer realm="IAM"' : 'Bearer realm="IAM"';
    return new OsbError(401, 'Authentication failed.', undefined, {}, { 'www-authenticate': challenges });
  }

  private acceptsBasic(credentials: string): boolean {
    if (this.expectedBasic === undefined) return false;
    // Digests of equal length, so that the time taken says nothing about how much was right.
    return timingSafeEqual(digest(Buffer.from(credentials, 'base64').toString('utf8')), this.expectedBasic);
  }

  private async acceptsBearer(authorization: string): Promise<boolean> {
    const token = authorization.length > MAX_HEADER_LENGTH ? undefined : BEARER.exec(authorization)?.[1];
    return token !== undefined && (await this.acceptsToken(token));
  }

  private async acceptsToken(token: string): Promise<boolean> {
    const claims = await this.claims(token);
    if (claims === undefined) return false;
    const { iam_id: iamId, id, sub_type: subType } = claims;
    if (subType !== 'CRN' || typeof iamId !== 'string') return false;
    return (id === undefined || id === iamId) && this.identities.has(iamId);
  }

  private async claims(token: string): Promise<JWTPayload | undefined> {
    try {
      const { payload } = await jwtVerify(token, this.options.keys.getKey, {
        algorithms: ['RS256'],
        issuer: this.options.issuer,
        clockTolerance: LEEWAY_S,
        currentDate: this.options.clock.now(),
        requiredClaims: ['exp', 'iat', 'iam_id', 'sub_type'],
      });
      return payload;
    } catch (error) {
      if (error instanceof IamUnavailableError) throw error;
      return undefined;
    }
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest();
