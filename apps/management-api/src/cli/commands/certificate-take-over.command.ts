import { Inject, Injectable } from '@nestjs/common';

import { CertificateProofService } from '@lib/tenancy';

import { type Arguments } from '../arguments';
import { Births } from '../births';
import { type Command } from '../command';
import { instanceOf, operatorContext } from '../operator';

/** Prints the certificate, and whether new keys go to the instance. */
@Injectable()
export class CertificateTakeOver implements Command {
  constructor(
    @Inject(CertificateProofService) private readonly proofs: CertificateProofService,
    @Inject(Births) private readonly births: Births,
  ) {}

  async run(given: Arguments): Promise<object> {
    const taken = await this.proofs.takeOver(instanceOf(given), given.get('certificate'), operatorContext());
    return this.births.with(taken);
  }
}
