import { createHash } from 'node:crypto';

const PART = 16;

/**
 * ETag of a resource, in two halves of 16 base-36 digits: the first names the stored version, which `If-Match` compares;
 * the second the answer as sent, which `If-None-Match` compares too. So "last seen" may change under an editor
 * without making his update fail, and a reader is still told that there is something new.
 */
export function entityTag(version: string, representation: unknown): string {
  return digits(version) + digits(JSON.stringify(representation));
}

/** True when `If-Match` allows a change of this version, whatever else its answers showed. */
export function ifMatchAllows(header: string | undefined, version: string): boolean {
  if (header === undefined || header.trim() === '*') return true;
  return listed(header).some((given) => given.length === 2 * PART && given.startsWith(digits(version)));
}

/** True when `If-None-Match` says that the client already has this answer. */
export function ifNoneMatchHits(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header.trim() === '*' || listed(header).includes(tag);
}

function listed(header: string): string[] {
  return header.split(',').map((part) => part.trim().replace(/^(W\/)?"(.*)"$/, '$2'));
}

function digits(text: string): string {
  const hash = createHash('sha256').update(text).digest().readBigUInt64BE(0);
  // 36^13 exceeds 2^64, so 16 digits always hold it; the padding keeps the length fixed.
  return hash.toString(36).padStart(PART, '0');
}
