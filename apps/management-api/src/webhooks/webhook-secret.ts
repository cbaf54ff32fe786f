import { randomBytes } from 'node:crypto';

import { Secret } from '@lib/kernel';

const PREFIX = 'whsec_';
const MADE_BYTES = 32;
const [FEWEST_BYTES, MOST_BYTES] = [24, 64];

export const madeSecret = (): Secret => Secret.of(randomBytes(MADE_BYTES));

/** As Standard Webhooks 1.0.0 shows it. */
export const secretText = (secret: Secret): string => PREFIX + secret.expose().toString('base64');

/** @returns undefined for what is no secret of Standard Webhooks */
export function readSecret(text: string): Secret | undefined {
  if (!text.startsWith(PREFIX)) return undefined;
  const bytes = Buffer.from(text.slice(PREFIX.length), 'base64');
  const isWhole = bytes.toString('base64') === text.slice(PREFIX.length);
  return isWhole && bytes.length >= FEWEST_BYTES && bytes.length <= MOST_BYTES ? Secret.of(bytes) : undefined;
}
