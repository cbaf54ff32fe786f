import { randomUUID } from 'node:crypto';

import { type AuditAction } from '@lib/audit';
import { type Clock, type InstanceId, type Secret } from '@lib/kernel';
import { type PostgresWebhooks } from '@lib/persistence';
import {
  type ActionContext,
  type CredentialSealer,
  type InstanceService,
  isGone,
  successEvent,
  type Webhook,
  type WebhookSettings,
} from '@lib/tenancy';

import { isQuiet, type RestoreHold } from './quiet';
import { endEventOf, EVENT_ACTIONS, testEventOf } from './webhook-event';
import { madeSecret } from './webhook-secret';
import { type Delivery, sealedRow, type WebhookSender } from './webhook-sender';

/** Counted at most. */
export const MAXIMUM_WAITING = 100;

export interface WebhooksParts {
  readonly store: PostgresWebhooks;
  readonly sender: WebhookSender;
  readonly sealer: CredentialSealer;
  readonly instances: Pick<InstanceService, 'get'>;
  readonly restore: RestoreHold;
  readonly clock: Clock;
}

export interface WebhookWish extends WebhookSettings {
  /** Absent: the one that is there, or a new one. */
  readonly secret?: Secret;
}

/** Where the events of instances go, as their administrators say it. */
export class Webhooks {
  constructor(private readonly parts: WebhooksParts) {}

  find(instanceId: InstanceId): Promise<Webhook | undefined> {
    return this.parts.store.get(instanceId);
  }

  /** Events that nobody has taken, up to {@link MAXIMUM_WAITING}. */
  async waiting(instanceId: InstanceId, webhook: Webhook): Promise<number> {
    return (await this.parts.store.pending(instanceId, webhook, EVENT_ACTIONS, MAXIMUM_WAITING)).events.length;
  }

  /**
   * A receiver that is replaced is told so.
   * @param revision of `present` that must still be there; undefined: any
   * @returns the secret that was made, to be shown once; the caller wipes it
   * @throws TenancyError('revision_mismatch')
   */
  async set(
    instanceId: InstanceId,
    { url, vmNames, secret }: WebhookWish,
    { present, revision }: { readonly present: Webhook | undefined; readonly revision: number | undefined },
    context: ActionContext,
  ): Promise<Secret | undefined> {
    const { store, sealer, clock } = this.parts;
    const id = present?.id ?? randomUUID();
    const made = secret === undefined && present === undefined ? madeSecret() : undefined;
    const chosen = secret ?? made;
    const sealed = chosen && sealer.seal(sealedRow(instanceId, id), chosen);
    const change = { id, url, vmNames, secret: sealed, at: clock.now() };
    const origin = secret === undefined ? (made === undefined ? 'kept' : 'made') : 'given';
    const audit = this.#event(context, instanceId, 'vmware-solutions.webhook.set', {
      host: new URL(url).host,
      vmNames,
      secret: origin,
    });
    const tell = await this.#farewell(instanceId, replacedBy({ url, secret }, present), 'vmware-solutions.webhook.set');
    try {
      if (present === undefined) await store.add(instanceId, change, audit);
      else await store.replace(instanceId, change, revision, audit);
      await tell();
      return made;
    } catch (error) {
      made?.wipe();
      throw error;
    }
  }

  /** Its receiver is told so. @throws TenancyError('revision_mismatch') */
  async unset(instanceId: InstanceId, webhook: Webhook, context: ActionContext): Promise<void> {
    const details = { host: new URL(webhook.url).host };
    const audit = this.#event(context, instanceId, 'vmware-solutions.webhook.unset', details);
    const tell = await this.#farewell(instanceId, webhook, 'vmware-solutions.webhook.unset');
    await this.parts.store.remove(instanceId, webhook, audit);
    await tell();
  }

  /** Sends one event that says that it is a test, at once and once. */
  async test(instanceId: InstanceId, webhook: Webhook): Promise<Delivery> {
    const { sender, instances, clock, store } = this.parts;
    const instance = await instances.get(instanceId);
    const delivery = await sender.send(instance, webhook, testEventOf(instance, randomUUID(), clock.now()));
    if (delivery.failure === undefined) {
      await store.note(instanceId, webhook, { kind: 'tested', cursor: webhook.cursor, at: clock.now() });
    }
    return delivery;
  }

  /** Moves the secret to the newest service key. @throws TenancyError('credential_unreadable') */
  async reseal(instanceId: InstanceId): Promise<void> {
    const { store, sealer } = this.parts;
    const webhook = await store.get(instanceId);
    if (webhook === undefined || webhook.secret.serviceKeyVersion === sealer.newestVersion) return;
    await store.reseal(instanceId, webhook, sealer.reseal(sealedRow(instanceId, webhook.id), webhook.secret));
  }

  /** To be said once, when it is so, and whether or not somebody takes it: a receiver that is gone keeps nobody from it. */
  async #farewell(
    instanceId: InstanceId,
    former: Webhook | undefined,
    action: Parameters<typeof endEventOf>[1],
  ): Promise<() => Promise<void>> {
    if (former === undefined || isGone(former)) return () => Promise.resolve();
    const { sender, instances, restore, clock } = this.parts;
    const instance = await instances.get(instanceId);
    return async () => {
      if (isQuiet(instance, restore)) return;
      await sender.send(instance, former, endEventOf(instance, action, { id: randomUUID(), now: clock.now() }));
    };
  }

  #event(
    context: ActionContext,
    instanceId: InstanceId,
    action: AuditAction,
    details: Readonly<Record<string, string | boolean>>,
  ) {
    const target = { kind: 'instance', id: instanceId } as const;
    return successEvent(context, this.parts.clock, instanceId, action, { target, details });
  }
}

/** @returns the one whose receiver hears nothing more, or cannot check any more whom it hears */
const replacedBy = (
  { url, secret }: { readonly url: string; readonly secret: Secret | undefined },
  present: Webhook | undefined,
): Webhook | undefined => (url !== present?.url || secret !== undefined ? present : undefined);
