import { type ManagementApiConfig } from '@lib/config';
import { Secret } from '@lib/kernel';
import { iamTokenRequest, type TokenRequest, TokenSource } from '@lib/key-protect';
import { systemTiming, type Timing } from '@lib/resilience';

const TIMEOUT_MS = 5_000;
/** Whoever refuses our own token has no role of ours to miss: the next one may be had soon. */
const FORCED_RENEWAL_MS = 1_000;

export interface ServiceIdentityOptions {
  readonly iamUrl: string;
  /** Of the service ID that the service is registered with. */
  readonly apiKey: Secret;
  /** Seams for tests. */
  readonly requestToken?: TokenRequest;
  readonly timing?: Timing;
}

/**
 * How we show ourselves to IAM and the platform. One holder of the token for all who call them in this process, so
 * that a token which one of them refuses is forgotten for all.
 */
export class ServiceIdentity {
  readonly #tokens: TokenSource;

  constructor({ iamUrl, apiKey, requestToken, timing = systemTiming }: ServiceIdentityOptions) {
    const openApiKey = (): Secret => Secret.fromText(apiKey.exposeText());
    this.#tokens = new TokenSource(timing, openApiKey, requestToken ?? iamTokenRequest(iamUrl), FORCED_RENEWAL_MS);
  }

  static of({
    iamUrl,
    serviceApiKey: apiKey,
  }: Pick<ManagementApiConfig, 'iamUrl' | 'serviceApiKey'>): ServiceIdentity | undefined {
    return apiKey === undefined ? undefined : new ServiceIdentity({ iamUrl, apiKey });
  }

  /** Carries out a call; one that is answered 401 is made once more with a new token. Its error must have a `status`. */
  call<T>(send: (headers: { readonly Authorization: string }) => Promise<T>): Promise<T> {
    return this.#tokens.use(
      AbortSignal.timeout(TIMEOUT_MS),
      (token) => send({ Authorization: `Bearer ${token}` }),
      (error) => statusOf(error) === 401,
    );
  }
}

/** Status of a failed call; undefined when there was no answer. Nothing else of the SDK's errors is looked at: they carry bodies and headers. */
export function statusOf(error: unknown): number | undefined {
  const status: unknown = error instanceof Error && 'status' in error ? error.status : undefined;
  return typeof status === 'number' ? status : undefined;
}
