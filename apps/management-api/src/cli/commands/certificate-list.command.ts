import { Inject, Injectable } from '@nestjs/common';

import { ClientCertificateService } from '@lib/tenancy';

import { type Arguments } from '../arguments';
import { type Command } from '../command';
import { describeCertificate } from '../described';
import { instanceOf } from '../operator';

/** Prints the client certificates of an instance. */
@Injectable()
export class CertificateList implements Command {
  constructor(@Inject(ClientCertificateService) private readonly certificates: ClientCertificateService) {}

  async run(given: Arguments): Promise<readonly object[]> {
    return (await this.certificates.list(instanceOf(given))).map(describeCertificate);
  }
}
