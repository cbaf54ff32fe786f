import { Controller, Delete, Get, Inject, Post } from '@nestjs/common';

import { isUuid } from '@lib/kernel';
import { type IssuedKmipCredential, KmipCredentialService } from '@lib/tenancy';

import { notFound } from '../../http/api-error';
import { type OperationAnswer, type OperationCall } from '../../http/operation';
import { Call, Operation } from '../../http/operation.decorator';
import { administratorOf } from '../administrator';
import { confirmOf } from '../confirm';
import { pageAnswer, pageRequest, restById } from '../paging';
import { PUBLIC_URL } from '../../http/tokens';
import { expectedRevision, withEntityTag } from '../versions';

/** They are issued and deleted, never changed. */
const ONLY_REVISION = { revision: 1 };

@Controller('v1/instances/:instance_id/kmip_credentials')
export class KmipCredentialsController {
  constructor(
    @Inject(KmipCredentialService) private readonly credentials: KmipCredentialService,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  /** An instance has two at most. */
  @Get()
  @Operation('list_instance_kmip_credentials', 'kmip-credential.read')
  async list(@Call() call: OperationCall): Promise<OperationAnswer> {
    const page = pageRequest(call, 1);
    const found = await this.credentials.list(call.instance().instanceId);
    const rest = restById(found, page, ({ id }) => id);
    return pageAnswer(call, this.publicUrl, 'kmip_credentials', rest, {
      cursorOf: ({ id }) => [id],
      present: (credential) => this.#present(call, credential),
    });
  }

  /** The password exists in this process for the length of the request and in the answer, nowhere else. */
  @Post()
  @Operation('create_instance_kmip_credential', 'kmip-credential.create')
  async create(@Call() call: OperationCall): Promise<OperationAnswer> {
    const { password, ...issued } = await this.credentials.issue(call.instance().instanceId, administratorOf(call));
    try {
      const presented = this.#present(call, issued);
      const body = { ...presented, password: password.exposeText() };
      return { status: 201, body, etag: presented.etag, location: presented.href };
    } finally {
      password.wipe();
    }
  }

  @Get(':id')
  @Operation('get_instance_kmip_credential', 'kmip-credential.read')
  async get(@Call() call: OperationCall): Promise<OperationAnswer> {
    const body = this.#present(call, await this.#find(call));
    return { status: 200, body, etag: body.etag };
  }

  @Delete(':id')
  @Operation('delete_instance_kmip_credential', 'kmip-credential.delete')
  async remove(@Call() call: OperationCall): Promise<OperationAnswer> {
    const { id } = await this.#find(call);
    expectedRevision(call, id, ONLY_REVISION);
    await this.credentials.remove(call.instance().instanceId, id, administratorOf(call), confirmOf(call));
    return { status: 204 };
  }

  async #find(call: OperationCall): Promise<IssuedKmipCredential> {
    const id = call.path['id'] ?? '';
    if (!isUuid(id)) throw notFound();
    return this.credentials.get(call.instance().instanceId, id);
  }

  #present(
    call: OperationCall,
    { id, userName, createdAt }: IssuedKmipCredential,
  ): { readonly href: string; readonly etag: string } {
    const href = `${this.publicUrl}/v1/instances/${call.instance().instanceId}/kmip_credentials/${id}`;
    return withEntityTag(id, ONLY_REVISION, { id, href, username: userName, created_at: createdAt.toISOString() });
  }
}
