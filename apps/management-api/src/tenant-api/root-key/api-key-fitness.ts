import { type ApiKeyRecord } from '@lib/key-protect';

/** Why an API key would end in locked virtual machines later, although it works today; undefined when it is fit. */
export function unfitApiKey(
  record: Pick<ApiKeyRecord, 'accountId' | 'disabled' | 'expiresAt' | 'locked' | 'ofServiceId'>,
  accountId: string,
  now: Date,
  of: 'instance' | 'key manager' = 'instance',
): string | undefined {
  if (!record.ofServiceId) {
    return 'This is the API key of a person: take one of a service ID, which outlives people.';
  }
  if (record.accountId !== accountId) return `The API key belongs to another account than the ${of}.`;
  if (record.disabled) return 'The API key is disabled.';
  if (record.locked) return 'The API key is locked: unlock it, so that it can be replaced when it leaks.';
  if (record.expiresAt && record.expiresAt <= now) return 'The API key has expired.';
  return undefined;
}
