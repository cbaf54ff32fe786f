import { Controller, Delete, Get, Inject, Post, Put } from '@nestjs/common';

import { type Secret } from '@lib/kernel';
import { type Webhook } from '@lib/tenancy';

import { ApiError, notFound } from '../../http/api-error';
import { type CheckedChange, type OperationAnswer, type OperationCall } from '../../http/operation';
import { Call, CheckedOperation, Operation } from '../../http/operation.decorator';
import { PUBLIC_URL } from '../../http/tokens';
import { readSecret, secretText } from '../../webhooks/webhook-secret';
import { parseWebhookUrl } from '../../webhooks/webhook-url';
import { Webhooks } from '../../webhooks/webhooks';
import { administratorOf } from '../administrator';
import { expectedRevision, refuseIfMatch, withEntityTag } from '../versions';
import { testResponse, webhookResponse } from './webhook.response';

/** InstanceWebhookPrototype. */
interface Prototype {
  readonly url: string;
  readonly vm_names?: boolean;
  readonly secret?: string;
}

@Controller('v1/instances/:instance_id/webhook')
export class WebhookController {
  constructor(
    @Inject(Webhooks) private readonly webhooks: Webhooks,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  @Get()
  @Operation('get_instance_webhook', 'webhook.read')
  async get(@Call() call: OperationCall): Promise<OperationAnswer> {
    return this.#answer(call, 200, await this.#existing(call));
  }

  /** A secret that is made exists in this process for the length of the request and in the answer, nowhere else. */
  @Put()
  @CheckedOperation('set_instance_webhook', 'webhook.set')
  async set(@Call() call: OperationCall): Promise<CheckedChange> {
    const { instanceId } = call.instance();
    const present = await this.webhooks.find(instanceId);
    if (!present) refuseIfMatch(call);
    const revision = present && expectedRevision(call, present.id, present);
    // Valid by its schema.
    const { url, vm_names: vmNames = false, secret: text } = call.body as Prototype;
    const parsed = parseWebhookUrl(url);
    if (typeof parsed === 'string') throw invalid('url', `The URL is not one that events are sent to: ${parsed}.`);
    secretOf(text)?.wipe();
    return async () => {
      const secret = secretOf(text);
      const wish = { url: parsed.href, vmNames, ...(secret && { secret }) };
      let made: Secret | undefined;
      try {
        made = await this.webhooks.set(instanceId, wish, { present, revision }, administratorOf(call));
        return await this.#answer(call, present ? 200 : 201, await this.#existing(call), made);
      } finally {
        secret?.wipe();
        made?.wipe();
      }
    };
  }

  @Delete()
  @Operation('unset_instance_webhook', 'webhook.unset')
  async unset(@Call() call: OperationCall): Promise<OperationAnswer> {
    const present = await this.#existing(call);
    expectedRevision(call, present.id, present);
    await this.webhooks.unset(call.instance().instanceId, present, administratorOf(call));
    return { status: 204 };
  }

  @Post('test')
  @Operation('test_instance_webhook', 'webhook.set')
  async test(@Call() call: OperationCall): Promise<OperationAnswer> {
    const delivery = await this.webhooks.test(call.instance().instanceId, await this.#existing(call));
    return { status: 200, body: testResponse(delivery) };
  }

  async #existing(call: OperationCall): Promise<Webhook> {
    const webhook = await this.webhooks.find(call.instance().instanceId);
    if (webhook === undefined) throw notFound();
    return webhook;
  }

  async #answer(call: OperationCall, status: 200 | 201, webhook: Webhook, made?: Secret): Promise<OperationAnswer> {
    const { instanceId } = call.instance();
    const href = `${this.publicUrl}/v1/instances/${instanceId}/webhook`;
    const waiting = await this.webhooks.waiting(instanceId, webhook);
    const shown = withEntityTag(webhook.id, webhook, webhookResponse(webhook, href, waiting));
    const body = made === undefined ? shown : { ...shown, secret: secretText(made) };
    return { status, body, etag: shown.etag, ...(status === 201 && { location: href }) };
  }
}

/** @throws ApiError 400 */
function secretOf(text: string | undefined): Secret | undefined {
  if (text === undefined) return undefined;
  const secret = readSecret(text);
  if (secret === undefined) {
    throw invalid('secret', 'The secret is not `whsec_` with 24 to 64 bytes in Base64, as Standard Webhooks has it.');
  }
  return secret;
}

const invalid = (name: string, message: string): ApiError =>
  ApiError.of(400, 'invalid_field', message, { type: 'field', name });
