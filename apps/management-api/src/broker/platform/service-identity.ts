import { type Secret } from '@lib/kernel';
import { type Authenticator, IamAuthenticator } from 'ibm-cloud-sdk-core';

const TIMEOUT_MS = 10_000;

/** How we show ourselves to the platform: by the API key of the service ID that the service is registered with. */
export function serviceIdentity(iamUrl: string, apiKey: Secret): Authenticator {
  return new IamAuthenticator({ apikey: apiKey.exposeText(), url: iamUrl, timeout: TIMEOUT_MS });
}

/** Options of every client of the platform. Its own retries stay off: they repeat what is not safe to repeat. */
export const clientOptions = (
  authenticator: Authenticator,
  serviceUrl: string,
): { authenticator: Authenticator; serviceUrl: string; timeout: number } => ({
  authenticator,
  serviceUrl,
  timeout: TIMEOUT_MS,
});

/** Status of a failed call; undefined when there was no answer. Nothing else of the SDK's errors is looked at: they carry bodies and headers. */
export function statusOf(error: unknown): number | undefined {
  const status: unknown = error instanceof Error && 'status' in error ? error.status : undefined;
  return typeof status === 'number' ? status : undefined;
}

export class PlatformCallFailed extends Error {
  constructor(what: string, error: unknown) {
    const status = statusOf(error);
    super(`${what}: ${status === undefined ? 'no answer' : `status ${status}`}`);
    this.name = 'PlatformCallFailed';
  }
}
