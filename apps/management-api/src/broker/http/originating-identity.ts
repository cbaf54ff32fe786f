import { type AuditInitiator } from '@lib/audit';

const MAXIMUM_LENGTH = 256;
const CONTROL = /[\p{Cc}\p{Cs}\u2028\u2029]/gu;

/**
 * Who caused a request, for the audit record: `<platform> <base64 of JSON with an iam_id>`, or of the bare id, as the
 * platform's own examples also have it. It decides nothing, so nothing about it can be wrong. Absent when the platform
 * acts by itself, as it does when it cleans up.
 */
export function initiatorOf(header: string | undefined): AuditInitiator {
  const encoded = /^\S+ +(\S+)$/.exec((header ?? '').trim())?.[1];
  const text = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8');
  const iamId = printable(iamIdIn(text) ?? text);
  return iamId === '' ? { kind: 'system', component: 'catalog' } : { kind: 'user', iamId };
}

/** Text from a platform as it may stand in a record: one line of bounded length. */
export function printable(text: string): string {
  return text.replaceAll(CONTROL, ' ').trim().slice(0, MAXIMUM_LENGTH);
}

function iamIdIn(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const iamId: unknown = typeof value === 'object' && value !== null && 'iam_id' in value ? value.iam_id : undefined;
    return typeof iamId === 'string' ? iamId : undefined;
  } catch {
    return undefined;
  }
}
