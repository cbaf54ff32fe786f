import { Controller, Inject, Post } from '@nestjs/common';

import { isUuid } from '@lib/kernel';
import { CertificateProofService } from '@lib/tenancy';

import { type Authorizer } from '../../auth/authorizer.port';
import { type InstanceDirectory } from '../../http/admission';
import { ApiError, notFound } from '../../http/api-error';
import { type InstanceScope, type OperationAnswer, type OperationCall } from '../../http/operation';
import { Call, Operation } from '../../http/operation.decorator';
import { administratorOf } from '../administrator';
import { AUTHORIZER } from '../../auth/tokens';
import { INSTANCE_DIRECTORY } from '../../http/tokens';
import { ClientCertificatePresenter } from './client-certificate.presenter';
import { EndpointConfirmations } from './endpoint-confirmations';

/**
 * Moves a certificate's future keys to another instance. The caller must be allowed to add certificates in both, and to
 * delete them in the giving one too: new keys are taken from it, as if the certificate had been removed there.
 */
@Controller('v1/instances/:instance_id/client_certificates/:client_certificate_id/hand_over')
export class HandOverController {
  constructor(
    @Inject(CertificateProofService) private readonly proofs: CertificateProofService,
    @Inject(AUTHORIZER) private readonly authorizer: Authorizer,
    @Inject(INSTANCE_DIRECTORY) private readonly directory: InstanceDirectory,
    @Inject(EndpointConfirmations) private readonly confirmations: EndpointConfirmations,
    @Inject(ClientCertificatePresenter) private readonly presenter: ClientCertificatePresenter,
  ) {}

  @Post()
  @Operation('hand_over_instance_client_certificate', 'certificate.create', { besides: ['certificate.delete'] })
  async handOver(@Call() call: OperationCall): Promise<OperationAnswer> {
    const giving = call.instance();
    const id = call.path['client_certificate_id'] ?? '';
    if (!isUuid(id)) throw notFound();
    // Valid by its schema.
    const { instance } = call.body as { readonly instance: { readonly id: string } };
    const receiving = await this.#receiving(call, giving, instance.id);
    const received = await this.proofs.handOver(giving.instanceId, id, receiving.instanceId, administratorOf(call));
    const body = await this.presenter.one(received, this.confirmations.awaited(receiving.instanceId));
    return { status: 200, body, etag: body.etag };
  }

  /** One that does not exist, one of another account and one without the right are told apart by nothing. */
  async #receiving({ principal }: OperationCall, giving: InstanceScope, id: string): Promise<InstanceScope> {
    const found = isUuid(id) && id !== giving.instanceId ? await this.directory.find(id) : undefined;
    const resource = found?.accountId === principal.accountId ? found : undefined;
    const [permitted] = resource
      ? await this.authorizer.decide([{ principal, action: 'certificate.create', resource }])
      : [false];
    if (resource === undefined || permitted !== true) {
      const message = 'There is no other instance of this id in which you may add certificates.';
      throw ApiError.of(400, 'invalid_field', message, { type: 'field', name: 'instance.id' });
    }
    if (!resource.writable) {
      throw ApiError.of(403, 'instance_disabled', 'The other instance is disabled or being deleted.');
    }
    return resource;
  }
}
