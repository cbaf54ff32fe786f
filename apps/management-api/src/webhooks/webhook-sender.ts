import { type Clock } from '@lib/kernel';
import { type CredentialSealer, type DeliveryFailure, type Instance, TenancyError, type Webhook } from '@lib/tenancy';

import { AddressRefused, guardedPost, type GuardedPostOptions, type PostAnswer } from './guarded-post';
import { type CloudEvent } from './webhook-event';
import { webhookHeaders } from './webhook-signature';

/** Of a delivery as a whole: name, connection and answer. */
const DELIVERY_MS = 10_000;

/** Without a failure, somebody took it. */
export interface Delivery {
  readonly failure?: DeliveryFailure;
  readonly retryAfterMs?: number;
}

export interface WebhookSenderParts {
  readonly sealer: CredentialSealer;
  readonly post: GuardedPostOptions;
  readonly clock: Clock;
}

/** Sends one event to where a tenant wants it, signed with his secret. */
export class WebhookSender {
  constructor(private readonly parts: WebhookSenderParts) {}

  /** Never rejects. */
  async send(
    { id: instanceId }: Pick<Instance, 'id'>,
    webhook: Webhook,
    event: CloudEvent,
    stop?: AbortSignal,
  ): Promise<Delivery> {
    const { sealer, post, clock } = this.parts;
    const timeout = AbortSignal.timeout(post.deadlineMs ?? DELIVERY_MS);
    const signal = stop === undefined ? timeout : AbortSignal.any([timeout, stop]);
    const body = Buffer.from(JSON.stringify(event));
    try {
      const secret = sealer.open(sealedRow(instanceId, webhook.id), webhook.secret);
      let headers: Readonly<Record<string, string>>;
      try {
        headers = webhookHeaders(secret, event.id, clock.now(), body);
      } finally {
        secret.wipe();
      }
      const type = { 'content-type': 'application/cloudevents+json; charset=utf-8', 'user-agent': 'kmip-for-vmware' };
      return judged(
        await guardedPost({ url: new URL(webhook.url), headers: { ...type, ...headers }, body, signal }, post),
      );
    } catch (error) {
      return { failure: { fault: signal.aborted ? 'timed_out' : faultOf(error) } };
    }
  }
}

/** Unlike the row of any API key: what is sealed for one does not open as the other. */
export const sealedRow = (instanceId: Instance['id'], id: string) => ({ instanceId, rowId: `webhook ${id}` });

/** Standard Webhooks: any 2xx is success, and nothing else. */
function judged({ status, retryAfter }: PostAnswer): Delivery {
  if (status >= 200 && status <= 299) return {};
  const seconds = /^\d{1,9}$/.test(retryAfter ?? '') ? Number(retryAfter) : undefined;
  return { failure: { fault: 'status', status }, ...(seconds !== undefined && { retryAfterMs: seconds * 1_000 }) };
}

const OF_NAMES = /^(ENOTFOUND|ENODATA|ESERVFAIL|ENONAME|EBADNAME|EREFUSED|ETIMEOUT|EBADRESP|EFORMERR|ENOTIMP)$/;
const OF_CERTIFICATES = /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_|INVALID_CA|EPROTO)/;

function faultOf(error: unknown): DeliveryFailure['fault'] {
  if (error instanceof AddressRefused) return 'address_refused';
  if (error instanceof TenancyError) return 'secret_unreadable';
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (OF_NAMES.test(code)) return 'name_unknown';
  return OF_CERTIFICATES.test(code) ? 'certificate_rejected' : 'unreachable';
}
