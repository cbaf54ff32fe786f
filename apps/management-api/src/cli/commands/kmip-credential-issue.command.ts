import { Inject, Injectable } from '@nestjs/common';

import { KmipCredentialService } from '@lib/tenancy';

import { type Arguments } from '../arguments';
import { type Command } from '../command';
import { instanceOf, operatorContext } from '../operator';

/** Prints the password, for the only time. */
@Injectable()
export class KmipCredentialIssue implements Command {
  constructor(@Inject(KmipCredentialService) private readonly kmipCredentials: KmipCredentialService) {}

  async run(given: Arguments): Promise<object> {
    const { password, ...issued } = await this.kmipCredentials.issue(instanceOf(given), operatorContext());
    try {
      return { ...issued, password: password.exposeText() };
    } finally {
      password.wipe();
    }
  }
}
