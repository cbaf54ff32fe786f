import { createHmac } from 'node:crypto';

import { type Secret } from '@lib/kernel';

/** Standard Webhooks 1.0.0: the identifier is the same with each attempt, the time is that of the attempt. */
export function webhookHeaders(secret: Secret, id: string, at: Date, body: Buffer): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(at.getTime() / 1_000));
  const signature = createHmac('sha256', secret.expose()).update(`${id}.${timestamp}.`).update(body).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}
