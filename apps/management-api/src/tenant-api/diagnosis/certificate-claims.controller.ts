import { Controller, Delete, Get, Inject, Post } from '@nestjs/common';

import { CertificateClaimService, type ClaimedRefusals, type ConnectionAttempts } from '@lib/diagnosis';
import { isUuid } from '@lib/kernel';
import { PostgresConnectionAttempts } from '@lib/persistence';
import { type CertificateClaim, type ClaimKind } from '@lib/tenancy';

import { notFound } from '../../http/api-error';
import { type OperationAnswer, type OperationCall } from '../../http/operation';
import { Call, Operation } from '../../http/operation.decorator';
import { administratorOf } from '../administrator';
import { pageAnswer, pageRequest, restById } from '../paging';
import { type KmipEndpoint } from '../instances/kmip-endpoint';
import { KmipEndpoints } from '../instances/kmip-endpoints';
import { PUBLIC_URL } from '../../http/tokens';
import { expectedRevision } from '../versions';
import { claimResponse, type ClaimResponse, ONLY_REVISION } from './claim.response';

@Controller('v1/instances/:instance_id/certificate_claims')
export class CertificateClaimsController {
  constructor(
    @Inject(CertificateClaimService) private readonly claims: CertificateClaimService,
    @Inject(PostgresConnectionAttempts) private readonly attempts: ConnectionAttempts,
    @Inject(KmipEndpoints) private readonly endpoints: KmipEndpoints,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  /** An instance has a few dozen at most. */
  @Get()
  @Operation('list_instance_certificate_claims', 'certificate.create')
  async list(@Call() call: OperationCall): Promise<OperationAnswer> {
    const page = pageRequest(call, 1);
    const { instanceId } = call.instance();
    const refusals = await this.attempts.claimedRefusals(instanceId);
    const endpoints = await this.endpoints.current();
    const rest = restById(await this.claims.list(instanceId), page, ({ id }) => id);
    return pageAnswer(call, this.publicUrl, 'certificate_claims', rest, {
      cursorOf: ({ id }) => [id],
      present: (claim) => this.#present(call, claim, refusals, endpoints),
    });
  }

  @Post()
  @Operation('create_instance_certificate_claim', 'certificate.create')
  async create(@Call() call: OperationCall): Promise<OperationAnswer> {
    // Valid by its schema.
    const request = call.body as { readonly kind: ClaimKind; readonly value: string };
    const claim = await this.claims.add(call.instance().instanceId, request, administratorOf(call));
    const body = await this.#one(call, claim);
    return { status: 201, body, etag: body.etag, location: body.href };
  }

  @Get(':id')
  @Operation('get_instance_certificate_claim', 'certificate.create')
  async get(@Call() call: OperationCall): Promise<OperationAnswer> {
    const body = await this.#one(call, await this.#find(call));
    return { status: 200, body, etag: body.etag };
  }

  @Delete(':id')
  @Operation('delete_instance_certificate_claim', 'certificate.create')
  async remove(@Call() call: OperationCall): Promise<OperationAnswer> {
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
