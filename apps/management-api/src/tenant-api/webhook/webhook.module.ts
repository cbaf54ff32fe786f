import { Module } from '@nestjs/common';

import { WebhooksModule } from '../../webhooks/webhooks.module';
import { WebhookController } from './webhook.controller';

/** Where the events of an instance go. */
@Module({ imports: [WebhooksModule], controllers: [WebhookController] })
export class WebhookModule {}
