import { type Clock, type Secret } from '@lib/kernel';
import { readApiKey } from '@lib/tenancy';

import { ApiError } from '../../http/api-error';
import { type Unfit, unfitApiKey } from './api-key-fitness';
import { accountOf } from './root-key-crn';
import { type RootKeyWorkbench } from './root-key-workbench';

/** A body with an API key that comes with something else. */
export interface WithApiKey {
  readonly api_key?: string;
}

/** Valid by its schema. The caller wipes it. */
export const givenApiKey = (body: unknown): Secret | undefined => {
  const { api_key: text } = (body ?? {}) as WithApiKey;
  return text === undefined ? undefined : readApiKey(text);
};

/** Wiped when the work is done. */
export async function using<S extends Secret | undefined, T>(
  apiKey: S | Promise<S>,
  work: (apiKey: S) => Promise<T>,
): Promise<T> {
  const opened = await apiKey;
  try {
    return await work(opened);
  } finally {
    opened?.wipe();
  }
}

/**
 * Whose API key it is, which has to be one that lasts, of the account where it is to act.
 * @throws ApiError 400, KeyManagerError
 */
export async function fitServiceId(
  workbench: Pick<RootKeyWorkbench, 'describeApiKey'>,
  apiKey: Secret,
  keyManagerCrn: string,
  clock: Clock,
): Promise<string> {
  const record = await workbench.describeApiKey(apiKey);
  const unfit = unfitApiKey(record, accountOf(keyManagerCrn), clock.now(), 'key manager');
  if (unfit !== undefined) throw unfitError(unfit);
  return record.iamId;
}

export const unfitError = (unfit: Unfit): ApiError =>
  new ApiError(400, [{ code: 'credential_rejected', ...unfit, target: { type: 'field', name: 'api_key' } }]);
