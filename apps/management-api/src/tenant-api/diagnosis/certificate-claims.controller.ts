import { Controller, Inject } from '@nestjs/common';

import { isUuid } from '@lib/kernel';
import { type CertificateClaim, CertificateClaimService, type ClaimKind } from '@lib/tenancy';

import { notFound } from '../../http/api-error';
import { Operation, type OperationAnswer, type OperationCall } from '../../http/operation';
import { administratorOf } from '../administrator';
import { pageAnswer, pageRequest } from '../paging';
import { PUBLIC_URL } from '../tokens';
import { expectedRevision, withEntityTag } from '../versions';

/** Claims are made and removed, never changed. */
const ONLY_REVISION = { revision: 1 };

@Controller()
export class CertificateClaimsController {
  constructor(
    @Inject(CertificateClaimService) private readonly claims: CertificateClaimService,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  /** An instance has a few dozen at most. */
  @Operation('list_instance_certificate_claims', 'diagnosis.read')
  async list(call: OperationCall): Promise<OperationAnswer> {
    const { limit, after } = pageRequest(call, 1);
    const found = (await this.claims.list(call.instance().instanceId))
      .filter(({ id }) => after?.[0] === undefined || id > after[0])
      .slice(0, limit + 1);
    return pageAnswer(call, this.publicUrl, 'certificate_claims', found, {
      cursorOf: ({ id }) => [id],
      present: (claim) => this.#present(call, claim),
    });
  }

  @Operation('create_instance_certificate_claim', 'claim.create')
  async create(call: OperationCall): Promise<OperationAnswer> {
    // Valid by its schema.
    const request = call.body as { readonly kind: ClaimKind; readonly value: string };
    const claim = await this.claims.add(call.instance().instanceId, request, administratorOf(call));
    const body = this.#present(call, claim);
    return { status: 201, body, etag: body.etag, location: body.href };
  }

  @Operation('get_instance_certificate_claim', 'diagnosis.read')
  async get(call: OperationCall): Promise<OperationAnswer> {
    const body = this.#present(call, await this.#find(call));
    return { status: 200, body, etag: body.etag };
  }

  @Operation('delete_instance_certificate_claim', 'claim.delete')
  async remove(call: OperationCall): Promise<OperationAnswer> {
    const claim = await this.#find(call);
    expectedRevision(call, claim.id, ONLY_REVISION);
    await this.claims.remove(call.instance().instanceId, claim.id, administratorOf(call));
    return { status: 204 };
  }

  async #find(call: OperationCall): Promise<CertificateClaim> {
    const id = call.path['id'] ?? '';
    if (!isUuid(id)) throw notFound();
    return this.claims.get(call.instance().instanceId, id);
  }

  #present(call: OperationCall, { id, kind, value, createdAt }: CertificateClaim): { href: string; etag: string } {
    const href = `${this.publicUrl}/v1/instances/${call.instance().instanceId}/certificate_claims/${id}`;
    return withEntityTag(id, ONLY_REVISION, { id, href, kind, value, created_at: createdAt.toISOString() });
  }
}
