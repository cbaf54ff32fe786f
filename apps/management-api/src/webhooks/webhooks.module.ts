import { Module } from '@nestjs/common';

import { PostgresWebhooks } from '@lib/persistence';
import { builtFrom, CLOCK, LOGGER, onDatabase, RestoreWatch } from '@lib/platform';
import { CredentialSealer, InstanceService } from '@lib/tenancy';

import { PUBLIC_URL } from '../http/tokens';
import { KeysModule } from '../tenant-api/keys/keys.module';
import { KEY_ACCESS } from '../tenant-api/tokens';
import { WebhookDelivery } from './webhook-delivery';
import { WebhookSender } from './webhook-sender';
import { Webhooks } from './webhooks';

/** What tests replace of the guard: without it a webhook is on the internet. */
export const WEBHOOK_POST = Symbol('WEBHOOK_POST');

/** Where the events of instances go, and how they get there. */
@Module({
  imports: [KeysModule],
  providers: [
    onDatabase(PostgresWebhooks),
    { provide: WEBHOOK_POST, useValue: {} },
    builtFrom(WebhookSender, { sealer: CredentialSealer, post: WEBHOOK_POST, clock: CLOCK }),
    builtFrom(Webhooks, {
      store: PostgresWebhooks,
      sender: WebhookSender,
      sealer: CredentialSealer,
      instances: InstanceService,
      restore: RestoreWatch,
      clock: CLOCK,
    }),
    builtFrom(WebhookDelivery, {
      webhooks: PostgresWebhooks,
      sender: WebhookSender,
      instances: InstanceService,
      keys: KEY_ACCESS,
      restore: RestoreWatch,
      clock: CLOCK,
      publicUrl: PUBLIC_URL,
      logger: LOGGER,
    }),
  ],
  exports: [Webhooks, WebhookDelivery],
})
export class WebhooksModule {}
