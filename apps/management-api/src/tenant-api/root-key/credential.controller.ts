import { Controller, Delete, Get, Inject, Put } from '@nestjs/common';

import { type Clock, type Secret } from '@lib/kernel';
import { type ApiKeyRecord } from '@lib/key-protect';
import { CLOCK } from '@lib/platform';
import { type Credential, RootKeyBindingService, TenancyError } from '@lib/tenancy';

import { notFound } from '../../http/api-error';
import { type CheckedChange, type OperationAnswer, type OperationCall } from '../../http/operation';
import { Call, CheckedOperation, Operation } from '../../http/operation.decorator';
import { administratorOf } from '../administrator';
import { PUBLIC_URL } from '../../http/tokens';
import { expectedRevision, refuseIfMatch, withEntityTag } from '../versions';
import { confirmOf } from '../confirm';
import { type Unfit, unfitApiKey } from './api-key-fitness';
import { givenApiKey, unfitError, using } from './given-api-key';
import { accountOf } from './root-key-crn';
import { RootKeyWorkbench } from './root-key-workbench';
import { unreachedRootKeys } from './unreached-root-keys';

@Controller('v1/instances/:instance_id/credential')
export class CredentialController {
  constructor(
    @Inject(RootKeyBindingService) private readonly bindings: RootKeyBindingService,
    @Inject(RootKeyWorkbench) private readonly workbench: RootKeyWorkbench,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  @Get()
  @Operation('get_instance_credential', 'credential.read')
  async get(@Call() call: OperationCall): Promise<OperationAnswer> {
    const credential = await this.#find(call);
    if (!credential) throw notFound();
    return this.#answer(call, 200, credential);
  }

  @Put()
  @CheckedOperation('set_instance_credential', 'credential.set')
  async set(@Call() call: OperationCall): Promise<CheckedChange> {
    const present = await this.#find(call);
    if (!present) refuseIfMatch(call);
    const revision = present && expectedRevision(call, present.id, present);
    const record = await withApiKey(call, (apiKey) => this.workbench.describeApiKey(apiKey));
    const unfit = await this.#unfit(call, record);
    if (unfit !== undefined) throw unfitError(unfit);
    const { instanceId } = call.instance();
    const risk = { unreached: present && (await this.#unreached(call)), confirm: confirmOf(call) };
    await this.bindings.judgeCredential(instanceId, risk);
    return async () => {
      const set = await withApiKey(call, (apiKey) => {
        const request = { apiKey, serviceIdIamId: record.iamId };
        return this.bindings.setCredential(instanceId, request, administratorOf(call), revision, risk);
      });
      return this.#answer(call, present ? 200 : 201, set);
    };
  }

  @Delete()
  @Operation('unset_instance_credential', 'credential.unset')
  async unset(@Call() call: OperationCall): Promise<OperationAnswer> {
    const present = await this.#find(call);
    if (!present) throw notFound();
    const revision = expectedRevision(call, present.id, present);
    const options = { revision, confirm: confirmOf(call) };
    await this.bindings.unsetCredential(call.instance().instanceId, administratorOf(call), options);
    return { status: 204 };
  }

  /** It is the one of the root key that is bound, which may lie in another account. */
  async #unfit(call: OperationCall, record: ApiKeyRecord): Promise<Unfit | undefined> {
    const { instanceId, accountId } = call.instance();
    const active = (await this.bindings.list(instanceId)).find(({ status }) => status === 'active');
    // Of the account of the instance it is refused only by the key manager, and set by who means that.
    const ofRootKey = active !== undefined && record.accountId === accountOf(active.keyManagerCrn);
    return unfitApiKey(record, ofRootKey ? record.accountId : accountId, this.clock.now());
  }

  /** Former root keys with an API key of their own keep it. */
  async #unreached(call: OperationCall): Promise<string | undefined> {
    const { instanceId } = call.instance();
    const others = await this.bindings.formerCredentials(instanceId);
    const bindings = (await this.bindings.list(instanceId)).filter(({ id }) => !others.has(id));
    return withApiKey(call, (apiKey) =>
      unreachedRootKeys(this.workbench, bindings, { instanceId, correlationId: call.correlationId, apiKey }),
    );
  }

  async #find(call: OperationCall): Promise<Credential | undefined> {
    try {
      return await this.bindings.getCredential(call.instance().instanceId);
    } catch (error) {
      if (error instanceof TenancyError && error.code === 'credential_not_set') return undefined;
      throw error;
    }
  }

  #answer(call: OperationCall, status: 200 | 201, credential: Credential): OperationAnswer {
    const href = `${this.publicUrl}/v1/instances/${call.instance().instanceId}/credential`;
    const body = withEntityTag(credential.id, credential, {
      href,
      iam_id: credential.serviceIdIamId,
      updated_at: credential.createdAt.toISOString(),
    });
    return { status, body, etag: body.etag, ...(status === 201 && { location: href }) };
  }
}

const withApiKey = <T>({ body }: OperationCall, work: (apiKey: Secret) => Promise<T>): Promise<T> =>
  // Required by its schema.
  using(givenApiKey(body) ?? never(), work);

function never(): never {
  throw new Error('the schema asks for an API key');
}
