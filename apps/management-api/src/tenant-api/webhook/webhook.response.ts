import { type DeliveryFailure, isGone, type Webhook } from '@lib/tenancy';

import { type Delivery } from '../../webhooks/webhook-sender';

const WORDS: Readonly<Record<DeliveryFailure['fault'], string>> = {
  address_refused: 'The name of the URL leads to an address that is not on the internet: nothing was sent.',
  name_unknown: 'The name of the URL has no address: no name server knows it.',
  unreachable: 'Nobody listens at the URL, or the connection ended before the answer.',
  certificate_rejected:
    'The certificate of the receiver is not of the name in the URL, has expired, or is not issued by a public authority.',
  timed_out: 'The receiver did not answer within 10 seconds. It should answer first, and work on the event afterwards.',
  status: 'The receiver answered with another status than 2xx. Redirects are not followed.',
  secret_unreadable: 'The secret cannot be opened: set it again.',
};

const GONE =
  'The receiver answered 410: it is there no more. Nothing is sent until the webhook is set again, with another URL or the same.';

const failureResponse = ({ fault, status }: DeliveryFailure): object => ({
  reason: fault,
  status_code: status,
  message: status === 410 ? GONE : WORDS[fault],
});

/** What went well before it was last set says nothing about where events go now. */
function stateOf(webhook: Webhook): 'gone' | 'failing' | 'untried' | 'well' {
  const { failures, lastDeliveredAt, updatedAt } = webhook;
  if (isGone(webhook)) return 'gone';
  if (failures > 0) return 'failing';
  return lastDeliveredAt === undefined || lastDeliveredAt < updatedAt ? 'untried' : 'well';
}

export function webhookResponse(webhook: Webhook, href: string, waiting: number): object {
  const { url, vmNames, createdAt, updatedAt, dueAt, lastFailedAt, lastFailure, skipped } = webhook;
  const state = stateOf(webhook);
  return {
    href,
    url,
    vm_names: vmNames,
    created_at: createdAt.toISOString(),
    updated_at: updatedAt.toISOString(),
    state,
    events_waiting: waiting,
    events_skipped: skipped,
    last_skipped_at: webhook.lastSkippedAt?.toISOString(),
    last_delivered_at: webhook.lastDeliveredAt?.toISOString(),
    last_failure: lastFailedAt && lastFailure && { at: lastFailedAt.toISOString(), ...failureResponse(lastFailure) },
    next_attempt_at: state === 'failing' ? dueAt.toISOString() : undefined,
  };
}

export const testResponse = ({ failure }: Delivery): object => ({
  delivered: failure === undefined,
  failure: failure && failureResponse(failure),
});
