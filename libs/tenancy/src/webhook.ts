import { type Sealed } from './credential-sealer';

/** Why nobody took an event. */
export const DELIVERY_FAULTS = [
  'address_refused',
  'name_unknown',
  'unreachable',
  'certificate_rejected',
  'timed_out',
  /** It answered with another status than 2xx. */
  'status',
  'secret_unreadable',
] as const;

export interface DeliveryFailure {
  readonly fault: (typeof DELIVERY_FAULTS)[number];
  readonly status?: number;
}

/** The receiver says that it is there no more (CloudEvents HTTP Webhook 1.0 §2.2): an end, and not a failure. */
export const isGone = ({ failures, lastFailure }: Pick<Webhook, 'failures' | 'lastFailure'>): boolean =>
  failures > 0 && lastFailure?.status === 410;

/** What an administrator says of a webhook. */
export interface WebhookSettings {
  readonly url: string;
  /** Whether names of machines, keys and certificates go with events. */
  readonly vmNames: boolean;
}

/** Where the events of an instance go, and how far they went. An instance has one at most. */
export interface Webhook extends WebhookSettings {
  readonly id: string;
  /** Grows when an administrator changes it. */
  readonly revision: number;
  readonly secret: Sealed;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Sequence number of the last record of the audit trail that is dealt with. */
  readonly cursor: number;
  readonly movedAt: Date;
  /** When the next delivery is tried at the earliest. */
  readonly dueAt: Date;
  /** In a row. */
  readonly failures: number;
  readonly lastDeliveredAt?: Date;
  readonly lastFailedAt?: Date;
  readonly lastFailure?: DeliveryFailure;
  /** Events that nobody took in time. */
  readonly skipped: number;
  readonly lastSkippedAt?: Date;
}
