import { type Secret } from '@lib/kernel';
import { IAM_NOT_AVAILABLE, KeyManagerError } from '@lib/key-manager';
import { IamTokenManager } from 'ibm-cloud-sdk-core';
import { z } from 'zod';

export interface IamToken {
  readonly accessToken: string;
  readonly lifetimeMs: number;
}

/** Exchanges an API key for a token once, with no memory. @throws KeyManagerError */
export type TokenRequest = (apiKey: Secret, signal: AbortSignal) => Promise<IamToken>;

const tokenAnswer = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });
const iamError = z.object({ errorCode: z.string() });
const sdkError = z.object({
  status: z.number().optional(),
  statusText: z.string().optional(),
  result: z.unknown().optional(),
});

const TOKEN_TIMEOUT_MS = 5_000;
const MAXIMUM_ANSWER_BYTES = 256 * 1024;

/**
 * The SDK performs the exchange; each request gets an object of its own, so that the API key's text lives no longer
 * than the request. No redirects: they would carry the key elsewhere. No proxy from the environment.
 */
export function iamTokenRequest(iamUrl: string, timeoutMs = TOKEN_TIMEOUT_MS): TokenRequest {
  return async (apiKey, signal) => {
    const options = {
      apikey: apiKey.exposeText(),
      url: iamUrl,
      timeout: timeoutMs,
      maxRedirects: 0,
      maxContentLength: MAXIMUM_ANSWER_BYTES,
      proxy: false as const,
      signal,
    };
    const answer = await exchangeFor(options).request().catch(throwTokenFault);
    const parsed = z.object({ result: tokenAnswer }).safeParse(answer);
    if (!parsed.success) {
      throw new KeyManagerError('unavailable', 'IAM answered the token request in a form it does not document', {
        certainlyNotDone: true,
        reasonCode: IAM_NOT_AVAILABLE,
      });
    }
    const { access_token: accessToken, expires_in: seconds } = parsed.data.result;
    return { accessToken, lifetimeMs: seconds * 1_000 };
  };
}

type ExchangeOptions = ConstructorParameters<typeof IamTokenManager>[0];

/**
 * Opens the SDK's request to us: its own cache goes by the wall clock, ours by monotonic time. The class is made here so
 * that the SDK is loaded by the first request: most of an operator's commands ask no key manager.
 */
function exchangeFor(options: ExchangeOptions): { request(): Promise<unknown> } {
  class TokenExchange extends IamTokenManager {
    request(): Promise<unknown> {
      return this.requestToken();
    }
  }
  try {
    return new TokenExchange(options);
  } catch {
    // The SDK refuses keys in braces or quotes before it asks anyone.
    throw new KeyManagerError('credential_rejected', 'the API key does not have the form of an API key', {
      certainlyNotDone: true,
    });
  }
}

const TIMEOUT_CODES: ReadonlySet<string> = new Set(['ECONNABORTED', 'ETIMEDOUT', 'ERR_CANCELED']);
const REFUSAL_STATUS: ReadonlySet<number> = new Set([400, 401, 403]);
/**
 * What IAM says of a key that it does not know (0415) or that is disabled (0420, 0462). There is no published list; other
 * codes are also given for what is wrong with the request, the account or IAM itself, and condemn no key.
 */
const KEY_CODES: ReadonlySet<string> = new Set(['BXNIM0415E', 'BXNIM0420E', 'BXNIM0462E']);

function throwTokenFault(error: unknown): never {
  throw tokenFault(error);
}

/** The SDK's error is not kept as the cause: it may carry the request. Nothing was asked of the key manager yet. */
function tokenFault(error: unknown): KeyManagerError {
  const { status, statusText, result } = sdkError.safeParse(error).data ?? {};
  const errorCode = safeCode(iamError.safeParse(result).data?.errorCode);
  const details = {
    certainlyNotDone: true,
    ...(status === undefined ? {} : { httpStatus: status }),
    ...(errorCode === undefined ? {} : { reasonCode: errorCode }),
  };
  if (condemnsKey(status, errorCode)) {
    return new KeyManagerError('credential_rejected', `IAM does not accept the API key (${errorCode})`, details);
  }
  const away = { ...details, reasonCode: errorCode ?? IAM_NOT_AVAILABLE };
  if (status === 429) return new KeyManagerError('rate_limited', 'IAM asks to be called less often', away);
  if (statusText !== undefined && TIMEOUT_CODES.has(statusText)) {
    return new KeyManagerError('timeout', 'IAM did not answer the token request in time', away);
  }
  const how = status === undefined ? '' : ` (HTTP ${[status, errorCode].join(' ').trim()})`;
  return new KeyManagerError('unavailable', `no token could be had from IAM${how}`, away);
}

const condemnsKey = (status: number | undefined, errorCode: string | undefined): boolean =>
  status !== undefined && REFUSAL_STATUS.has(status) && errorCode !== undefined && KEY_CODES.has(errorCode);

/** IAM's codes look like BXNIM0415E; anything else is not repeated to anyone. */
const safeCode = (code: string | undefined): string | undefined =>
  code !== undefined && /^[A-Z0-9_]{1,32}$/.test(code) ? code : undefined;
