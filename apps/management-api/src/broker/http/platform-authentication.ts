import { createHash, timingSafeEqual } from 'node:crypto';

import { type Clock, type Secret } from '@lib/kernel';
import { jwtVerify, type JWTPayload } from 'jose';

import { type IamKeySet, IamUnavailableError } from '../../auth/iam-key-set';

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

/**
 * Decides whether a request comes from the platform. Whoever passes here can create and delete every instance, so a
 * valid token of IAM is not enough: it must have been made for one of the CRNs under which this broker is registered.
 */
export class PlatformAuthentication {
  private readonly identities: ReadonlySet<string>;
  private readonly expectedBasic: Buffer | undefined;

  constructor(private readonly options: PlatformAuthenticationOptions) {
    this.identities = new Set(options.allowedCrns.map((crn) => `crn-${crn}`));
    const { basic } = options;
    this.expectedBasic = basic && digest(`${basic.username}:${basic.password.exposeText()}`);
  }

  /** For the WWW-Authenticate header of a refusal. */
  get challenges(): string {
    return this.expectedBasic ? 'Basic realm="broker", Bearer realm="IAM"' : 'Bearer realm="IAM"';
  }

  /** @throws IamUnavailableError when IAM's keys were never seen */
  async accepts(authorization: string | undefined): Promise<boolean> {
    if (authorization === undefined || authorization.length > MAX_HEADER_LENGTH) return false;
    const token = BEARER.exec(authorization)?.[1];
    if (token !== undefined) return this.acceptsToken(token);
    const credentials = BASIC.exec(authorization)?.[1];
    if (credentials === undefined || this.expectedBasic === undefined) return false;
    // Digests of equal length, so that the time taken says nothing about how much was right.
    return timingSafeEqual(digest(Buffer.from(credentials, 'base64').toString('utf8')), this.expectedBasic);
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
