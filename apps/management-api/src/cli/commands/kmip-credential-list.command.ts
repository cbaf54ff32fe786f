import { Inject, Injectable } from '@nestjs/common';

import { KmipCredentialService } from '@lib/tenancy';

import { type Arguments } from '../arguments';
import { type Command } from '../command';
import { instanceOf } from '../operator';

/** Prints the KMIP credentials of an instance, without their passwords. */
@Injectable()
export class KmipCredentialList implements Command {
  constructor(@Inject(KmipCredentialService) private readonly kmipCredentials: KmipCredentialService) {}

  async run(given: Arguments): Promise<object> {
    return await this.kmipCredentials.list(instanceOf(given));
  }
}
