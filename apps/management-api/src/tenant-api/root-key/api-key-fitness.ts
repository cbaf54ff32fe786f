import { type ApiKeyRecord } from '@lib/key-protect';

/** Why an API key does not fit: a code, for who words it in another language, and what the caller is told. */
export interface Unfit {
  readonly reason: string;
  readonly message: string;
}

/** Why an API key would end in locked virtual machines later, although it works today; undefined when it is fit. */
export function unfitApiKey(
  record: Pick<ApiKeyRecord, 'accountId' | 'disabled' | 'expiresAt' | 'locked' | 'ofServiceId'>,
  accountId: string,
  now: Date,
  of: 'instance' | 'key manager' = 'instance',
): Unfit | undefined {
  if (!record.ofServiceId) {
    return {
      reason: 'api_key_of_person',
      message: 'This is the API key of a person: take one of a service ID, which outlives people.',
    };
  }
  if (record.accountId !== accountId) {
    const message = `The API key belongs to another account than the ${of}.`;
    return of === 'instance'
      ? { reason: 'api_key_other_account', message }
      : { reason: 'api_key_not_of_key_manager', message };
  }
  if (record.disabled) return { reason: 'api_key_disabled', message: 'The API key is disabled.' };
  if (record.locked) {
    return {
      reason: 'api_key_locked',
      message: 'The API key is locked: unlock it, so that it can be replaced when it leaks.',
    };
  }
  if (record.expiresAt && record.expiresAt <= now) {
    return { reason: 'api_key_expired', message: 'The API key has expired.' };
  }
  return undefined;
}
