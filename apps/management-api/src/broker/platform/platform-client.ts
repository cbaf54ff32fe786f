import { NoAuthAuthenticator } from 'ibm-cloud-sdk-core';

import { statusOf } from '../../auth/service-identity';

const TIMEOUT_MS = 10_000;

/**
 * Options of every client of the platform. The token comes with each call, since only then can a refused one be told
 * from others. The SDK's own retries stay off: they repeat what is not safe to repeat.
 */
export const clientOptions = (
  serviceUrl: string,
): { authenticator: NoAuthAuthenticator; serviceUrl: string; timeout: number } => ({
  authenticator: new NoAuthAuthenticator(),
  serviceUrl,
  timeout: TIMEOUT_MS,
});

export class PlatformCallFailed extends Error {
  constructor(what: string, error: unknown) {
    const status = statusOf(error);
    super(`${what}: ${status === undefined ? 'no answer' : `status ${status}`}`);
    this.name = 'PlatformCallFailed';
  }
}
