import { Secret } from '@lib/kernel';

/**
 * Zeroes every secret in a payload, once nobody needs it any more: whatever kind of object it carries, and wherever.
 * Payloads are trees of plain objects, as the codec reads and writes them. Each Get passes here: nothing is allocated.
 */
export function wipeSecrets(value: unknown): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  if (value instanceof Secret) value.wipe();
  else if (Array.isArray(value)) for (const part of value) wipeSecrets(part);
  else for (const name in value) wipeSecrets(value[name as keyof typeof value]);
}
