import { Inject, Injectable } from '@nestjs/common';

import { KmipCredentialService } from '@lib/tenancy';

import { type Arguments } from '../arguments';
import { type Command } from '../command';
import { instanceOf, operatorContext } from '../operator';

/** Prints what was removed. */
@Injectable()
export class KmipCredentialRemove implements Command {
  constructor(@Inject(KmipCredentialService) private readonly kmipCredentials: KmipCredentialService) {}

  async run(given: Arguments): Promise<object> {
    const id = given.get('credential');
    await this.kmipCredentials.remove(instanceOf(given), id, operatorContext(), given.find('confirm'));
    return { removed: id };
  }
}
