import { Inject, Injectable } from '@nestjs/common';

import { toInstanceId } from '@lib/kernel';
import { CertificateProofService } from '@lib/tenancy';

import { type Arguments } from '../arguments';
import { Births } from '../births';
import { type Command } from '../command';
import { instanceOf, operatorContext } from '../operator';

/**
 * Between any two instances; tenants do it themselves within an account. Prints the certificate of the other instance,
 * and whether new keys go there.
 */
@Injectable()
export class CertificateHandOver implements Command {
  constructor(
    @Inject(CertificateProofService) private readonly proofs: CertificateProofService,
    @Inject(Births) private readonly births: Births,
  ) {}

  async run(given: Arguments): Promise<object> {
    const [from, to] = [instanceOf(given), toInstanceId(given.get('to'))];
    return this.births.with(await this.proofs.handOver(from, given.get('certificate'), to, operatorContext()));
  }
}
