import { type AuditEvent } from '@lib/audit';
import { type Clock, inParallel, type InstanceId, newCorrelationId, type UniqueIdentifier } from '@lib/kernel';
import { ownerOf } from '@lib/kmip-engine';
import { type Logger } from '@lib/observability';
import { type PendingEvent, type PostgresWebhooks, type WebhookOutcome } from '@lib/persistence';
import { type Instance, type InstanceService, successEvent, type Webhook } from '@lib/tenancy';

import { type KeyAccess } from '../tenant-api/keys/key-access.port';
import { isQuiet, type RestoreHold } from './quiet';
import { cloudEventOf, EVENT_ACTIONS, type EventNames } from './webhook-event';
import { type Delivery, type WebhookSender } from './webhook-sender';

/** Deliveries that are under way in the region. */
const AT_ONCE = 32;
/** Webhooks that are asked for at a time. */
const PAGE = 500;
/** Events of an instance in a round. */
const EVENTS = 50;
/** So long an instance sends in a round, and so long a round begins with others. */
const INSTANCE_MS = 10_000;
export const ROUND_MS = 60_000;

const GONE = 410;
const COMPONENT = 'webhooks';

const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 3_600_000;
/** Nobody acts on what is older, and what is new has to come through. */
export const TRIED_FOR_MS = 3 * 86_400_000;

export interface WebhookDeliveryParts {
  readonly webhooks: PostgresWebhooks;
  readonly sender: WebhookSender;
  readonly instances: Pick<InstanceService, 'get'>;
  readonly keys: Pick<KeyAccess, 'store'>;
  readonly restore: RestoreHold;
  readonly clock: Clock;
  readonly publicUrl: string;
  readonly logger: Logger;
}

/**
 * Sends what the audit trails say to whom the tenants named: of each instance in order, at least once. The trail is the
 * outbox; the cursor of a webhook moves when an event was taken, in a transaction of its own, so that a process that ends
 * in between sends that event again, under the same identifier.
 */
export class WebhookDelivery {
  readonly #stopping = new AbortController();

  constructor(private readonly parts: WebhookDeliveryParts) {}

  /** Whatever is under way ends at once, and counts as not tried. */
  stop(): void {
    this.#stopping.abort();
  }

  async round(): Promise<void> {
    const { webhooks, clock, logger } = this.parts;
    const endMs = clock.monotonicMs() + ROUND_MS;
    const isOver = (): boolean => this.#stopping.signal.aborted || clock.monotonicMs() >= endMs;
    const tried = new Set<InstanceId>();
    for (;;) {
      const due = (await webhooks.due(clock.now(), PAGE + tried.size)).filter((id) => !tried.has(id));
      if (due.length === 0 || isOver()) return;
      await inParallel(due, AT_ONCE, async (id) => {
        tried.add(id);
        await this.#deliver(id).catch((err: unknown) => {
          logger.warn({ instanceId: id, err }, 'events of an instance could not be looked at');
        });
        return isOver() ? 'stop' : 'next';
      });
    }
  }

  async #deliver(instanceId: InstanceId): Promise<void> {
    const { webhooks, instances, restore, clock } = this.parts;
    const [webhook, instance] = [await webhooks.get(instanceId), await instances.get(instanceId)];
    if (webhook === undefined || isQuiet(instance, restore)) return;
    const { events, head } = await webhooks.pending(instanceId, webhook, EVENT_ACTIONS, EVENTS);
    const moved = await this.#sendAll(instance, webhook, events);
    if (moved === undefined || events.length === EVENTS || moved.cursor === head) return;
    await webhooks.note(instanceId, moved, { kind: 'nothing due', cursor: head, at: clock.now() });
  }

  /** @returns the webhook after the last of them; undefined when that was not come to */
  async #sendAll(instance: Instance, webhook: Webhook, events: readonly PendingEvent[]): Promise<Webhook | undefined> {
    const { webhooks, clock } = this.parts;
    const endMs = clock.monotonicMs() + INSTANCE_MS;
    let current = webhook;
    for (const [index, pending] of events.entries()) {
      if (index > 0 && clock.monotonicMs() >= endMs) return undefined;
      const delivery = await this.#send(instance, current, pending);
      if (this.#stopping.signal.aborted && delivery.failure !== undefined) return undefined;
      const outcome = this.#outcomeOf(current, delivery, events.slice(index));
      const noted = await webhooks.note(instance.id, current, outcome, this.#recordsOf(instance, current, outcome));
      if (!noted || delivery.failure !== undefined) return undefined;
      current = { ...current, cursor: outcome.cursor };
    }
    return current;
  }

  async #send(instance: Instance, webhook: Webhook, pending: PendingEvent): Promise<Delivery> {
    const { sender, publicUrl } = this.parts;
    const names = webhook.vmNames ? await this.#namesIn(instance.id, pending) : {};
    const event = cloudEventOf(instance, pending, { publicUrl, names });
    return sender.send(instance, webhook, event, this.#stopping.signal);
  }

  async #namesIn(instanceId: InstanceId, { event: { target } }: PendingEvent): Promise<EventNames> {
    if (target?.kind !== 'key') return { target: target?.name };
    const key = await this.parts.keys.store(instanceId).find(target.id as UniqueIdentifier);
    return { target: target.name, vm: key && ownerOf(key)?.name };
  }

  /** That it was switched off: nobody is sent that any more, so it is in the trail alone. */
  #recordsOf({ id }: Instance, { url }: Webhook, outcome: WebhookOutcome): readonly AuditEvent[] {
    if (outcome.kind !== 'gone') return [];
    const by = {
      initiator: { kind: 'system', component: COMPONENT },
      correlationId: newCorrelationId(),
      observer: COMPONENT,
    } as const;
    const facts = { target: { kind: 'instance', id }, details: { host: new URL(url).host, status: 410 } } as const;
    return [successEvent(by, this.parts.clock, id, 'vmware-solutions.webhook.disable', facts)];
  }

  /** @param left of the events, the one that was sent first */
  #outcomeOf({ cursor, failures }: Webhook, delivery: Delivery, left: readonly PendingEvent[]): WebhookOutcome {
    const at = this.parts.clock.now();
    const { failure, retryAfterMs = 0 } = delivery;
    if (failure === undefined) return { kind: 'delivered', cursor: left[0]?.seq ?? cursor, at };
    if (failure.status === GONE) return { kind: 'gone', cursor, at, failure };
    const fresh = left.findIndex(({ event }) => at.getTime() - event.occurredAt.getTime() < TRIED_FOR_MS);
    const old = fresh === -1 ? left : left.slice(0, fresh);
    const backoffMs = FIRST_WAIT_MS * 2 ** Math.min(failures, 10);
    const waitMs = Math.min(Math.max(backoffMs, retryAfterMs), LONGEST_WAIT_MS);
    return {
      kind: 'failed',
      at,
      failure,
      dueAt: new Date(at.getTime() + waitMs),
      skipped: old.length,
      cursor: old.at(-1)?.seq ?? cursor,
    };
  }
}
