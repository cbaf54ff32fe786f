import { Module } from '@nestjs/common';

import { type Leases } from '@lib/kernel';
import { type Logger } from '@lib/observability';
import { PostgresLeases } from '@lib/persistence';
import { built, LOGGER } from '@lib/platform';

import { BackgroundDuty } from '../broker/duties/background-duty';
import { ROUND_MS, WebhookDelivery } from './webhook-delivery';
import { WebhooksModule } from './webhooks.module';

const INTERVAL_MS = 10_000;
/** Longer than a round with what it has begun. */
const LEASE_MS = 2 * ROUND_MS;

/** Sends events; one process of the region does. */
class WebhookDuty extends BackgroundDuty {
  constructor(
    private readonly delivery: WebhookDelivery,
    leases: Leases,
    logger: Logger,
  ) {
    const work = (): Promise<void> => delivery.round();
    super({ name: 'webhooks', leases, intervalMs: INTERVAL_MS, leaseMs: LEASE_MS, work }, logger);
  }

  override async onApplicationShutdown(): Promise<void> {
    this.delivery.stop();
    await super.onApplicationShutdown();
  }
}

@Module({ imports: [WebhooksModule], providers: [built(WebhookDuty, [WebhookDelivery, PostgresLeases, LOGGER])] })
export class WebhookDutyModule {}
