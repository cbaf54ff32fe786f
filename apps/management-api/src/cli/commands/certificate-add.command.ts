import { Inject, Injectable } from '@nestjs/common';

import { type Clock } from '@lib/kernel';
import { describeCertificate } from '@lib/pki';
import { CLOCK } from '@lib/platform';
import { CertificateProofService, ClientCertificateService } from '@lib/tenancy';

import { type Arguments, isSet } from '../arguments';
import { Births } from '../births';
import { type Command } from '../command';
import { instanceOf, operatorContext } from '../operator';
import { readText } from '../read-text';

/**
 * The operator's word proves whose a certificate is while nobody else registers it. Against others it counts only when
 * the operator says so, who is then told like them. Prints the certificate, and whether new keys go to the instance.
 */
@Injectable()
export class CertificateAdd implements Command {
  constructor(
    @Inject(ClientCertificateService) private readonly certificates: ClientCertificateService,
    @Inject(CertificateProofService) private readonly proofs: CertificateProofService,
    @Inject(Births) private readonly births: Births,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async run(given: Arguments): Promise<object> {
    const [instanceId, takeOver, context] = [instanceOf(given), isSet(given, 'take-over'), operatorContext()];
    const request = { name: given.get('name'), pem: await readText(given.get('file')), origin: 'operator' } as const;
    const register = () => this.certificates.add(instanceId, request, context);
    if (!takeOver) return this.births.with(await register());
    const { fingerprint } = describeCertificate(request.pem, this.clock.now());
    return this.births.with(await this.proofs.addTakenOver(instanceId, fingerprint, register, context));
  }
}
