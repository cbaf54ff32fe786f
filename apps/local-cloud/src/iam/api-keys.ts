import { createHash, randomBytes } from 'node:crypto';
import { type ApiKeyRow, type IdentityRow } from '../journal/rows';
import { type Store } from '../journal/store';

export const hashApiKey = (apiKey: string): string => createHash('sha256').update(apiKey).digest('hex');

/** 44 URL-safe characters, the form IAM hands out. */
export const newApiKey = (): string => randomBytes(33).toString('base64url');

export const findApiKey = (store: Store, apiKey: string): ApiKeyRow | undefined =>
  store.get('apiKey', hashApiKey(apiKey));

export interface ApiKeyFault {
  readonly errorCode: string;
  readonly errorMessage: string;
}

/**
 * Why IAM would not exchange this key, or undefined when it would. That nothing locked gets a token is inferred, and the
 * unkind reading: IAM documents the lock of a service ID or an API key as one against deletion and changed policies, and
 * says nothing of tokens; a client has to live with both.
 */
export function apiKeyFault(row: ApiKeyRow, owner: IdentityRow, now: Date): ApiKeyFault | undefined {
  if (owner.locked === true) return { errorCode: 'BXNIM0415E', errorMessage: 'Provided API key is locked.' };
  if (row.disabled) return { errorCode: 'BXNIM0462E', errorMessage: 'Provided API key is disabled.' };
  if (row.locked) return { errorCode: 'BXNIM0415E', errorMessage: 'Provided API key is locked.' };
  const expired = row.expiresAt !== undefined && Date.parse(row.expiresAt) <= now.getTime();
  return expired ? { errorCode: 'BXNIM0415E', errorMessage: 'Provided API key is expired.' } : undefined;
}
