import { createHash, randomBytes } from 'node:crypto';
import { type ApiKeyRow } from '../journal/rows';
import { type Store } from '../journal/store';

export const hashApiKey = (apiKey: string): string => createHash('sha256').update(apiKey).digest('hex');

/** 44 URL-safe characters, the form IAM hands out. */
export const newApiKey = (): string => randomBytes(33).toString('base64url');

export const findApiKey = (store: Store, apiKey: string): ApiKeyRow | undefined =>
  store.get('apiKey', hashApiKey(apiKey));

/** Why IAM would not exchange this key, or undefined when it would. */
export function apiKeyFault(row: ApiKeyRow | undefined, now: Date): string | undefined {
  if (!row) return 'Provided API key could not be found.';
  if (row.disabled) return 'Provided API key is disabled.';
  if (row.locked) return 'Provided API key is locked.';
  if (row.expiresAt !== undefined && Date.parse(row.expiresAt) <= now.getTime()) return 'Provided API key is expired.';
  return undefined;
}
