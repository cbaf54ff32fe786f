import { jwtVerify, type JWTPayload } from 'jose';

import { type Clock } from '@lib/kernel';

import { type IamKeySet, IamUnavailableError } from './iam-key-set';
import { type Principal } from './principal';

/** Clock error allowed between IAM and us. */
const LEEWAY_S = 5;
/** IAM's own tokens have about 2 kB. */
const MAX_TOKEN_LENGTH = 16_384;

/** The caller is not who he says, or does not say it. Never tells which check failed, to help nobody forge. */
export class UnauthenticatedError extends Error {
  constructor() {
    super('unauthenticated');
    this.name = 'UnauthenticatedError';
  }
}

/** Turns `Authorization: Bearer <IAM access token>` into a {@link Principal}. */
export class TokenVerifier {
  constructor(
    private readonly keys: IamKeySet,
    /** Exact value of `iss`, e.g. `https://iam.cloud.ibm.com/identity`. */
    private readonly issuer: string,
    private readonly clock: Clock,
  ) {}

  /** @throws UnauthenticatedError, or IamUnavailableError when IAM's keys were never seen. */
  async verify(authorization: string | undefined): Promise<Principal> {
    const token = /^Bearer +([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined || token.length > MAX_TOKEN_LENGTH) throw new UnauthenticatedError();
    return principalOf(await this.#claims(token));
  }

  async #claims(token: string): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(token, this.keys.getKey, {
        algorithms: ['RS256'],
        issuer: this.issuer,
        clockTolerance: LEEWAY_S,
        currentDate: this.clock.now(),
        requiredClaims: ['exp', 'iat', 'iam_id', 'account'],
      });
      return payload;
    } catch (error) {
      if (error instanceof IamUnavailableError) throw error;
      throw new UnauthenticatedError();
    }
  }
}

function principalOf(claims: JWTPayload): Principal {
  const iamId = claims['iam_id'];
  const account = claims['account'];
  const accountId = isRecord(account) ? account['bss'] : undefined;
  // `frozen` is of no concern: it says that the account cannot be exchanged for another, and ordinary tokens carry it.
  const invalid = isRecord(account) && account['valid'] === false;
  if (typeof iamId !== 'string' || iamId === '' || typeof accountId !== 'string' || accountId === '' || invalid) {
    throw new UnauthenticatedError();
  }
  const scope = claims['scope'];
  return { iamId, accountId, scope: typeof scope === 'string' ? scope : '', expiresAt: claims.exp ?? 0 };
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
