import { Controller, Inject } from '@nestjs/common';

import { CertificateClaimService, type ClaimedRefusals, type ConnectionAttempts } from '@lib/diagnosis';
import { isUuid } from '@lib/kernel';
import { type CertificateClaim, type ClaimKind } from '@lib/tenancy';

import { notFound } from '../../http/api-error';
import { Operation, type OperationAnswer, type OperationCall } from '../../http/operation';
import { administratorOf } from '../administrator';
import { pageAnswer, pageRequest } from '../paging';
import { type KmipEndpoint, type KmipEndpoints } from '../instances/kmip-endpoint';
import { CONNECTION_ATTEMPTS, ENDPOINTS, PUBLIC_URL } from '../tokens';
import { expectedRevision } from '../versions';
import { claimResponse, type ClaimResponse, ONLY_REVISION } from './claim.response';

@Controller()
export class CertificateClaimsController {
  constructor(
    @Inject(CertificateClaimService) private readonly claims: CertificateClaimService,
    @Inject(CONNECTION_ATTEMPTS) private readonly attempts: ConnectionAttempts,
    @Inject(ENDPOINTS) private readonly endpoints: KmipEndpoints,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  /** An instance has a few dozen at most. */
  @Operation('list_instance_certificate_claims', 'certificate.create')
  async list(call: OperationCall): Promise<OperationAnswer> {
    const { limit, after } = pageRequest(call, 1);
    const { instanceId } = call.instance();
    const refusals = await this.attempts.claimedRefusals(instanceId);
    const endpoints = await this.endpoints.current();
    const found = (await this.claims.list(instanceId))
      .filter(({ id }) => after?.[0] === undefined || id > after[0])
      .slice(0, limit + 1);
    return pageAnswer(call, this.publicUrl, 'certificate_claims', found, {
      cursorOf: ({ id }) => [id],
      present: (claim) => this.#present(call, claim, refusals, endpoints),
    });
  }

  @Operation('create_instance_certificate_claim', 'certificate.create')
  async create(call: OperationCall): Promise<OperationAnswer> {
    // Valid by its schema.
    const request = call.body as { readonly kind: ClaimKind; readonly value: string };
    const claim = await this.claims.add(call.instance().instanceId, request, administratorOf(call));
    const body = await this.#one(call, claim);
    return { status: 201, body, etag: body.etag, location: body.href };
  }

  @Operation('get_instance_certificate_claim', 'certificate.create')
  async get(call: OperationCall): Promise<OperationAnswer> {
    const body = await this.#one(call, await this.#find(call));
    return { status: 200, body, etag: body.etag };
  }

  @Operation('delete_instance_certificate_claim', 'certificate.create')
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

  async #one(call: OperationCall, claim: CertificateClaim): Promise<ClaimResponse> {
    const refusals = await this.attempts.claimedRefusals(call.instance().instanceId, claim.id);
    return this.#present(call, claim, refusals, await this.endpoints.current());
  }

  #present(
    call: OperationCall,
    claim: CertificateClaim,
    refusals: readonly ClaimedRefusals[],
    endpoints: readonly KmipEndpoint[],
  ): ClaimResponse {
    const href = `${this.publicUrl}/v1/instances/${call.instance().instanceId}/certificate_claims/${claim.id}`;
    const ofClaim = refusals.filter(({ claimId }) => claimId === claim.id);
    return claimResponse(claim, href, ofClaim, endpoints);
  }
}
