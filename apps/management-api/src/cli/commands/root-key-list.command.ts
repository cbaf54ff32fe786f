import { Inject, Injectable } from '@nestjs/common';

import { type RootKeyBinding, RootKeyBindingService } from '@lib/tenancy';

import { type Arguments } from '../arguments';
import { type Command } from '../command';
import { instanceOf } from '../operator';

/** Prints the root keys of an instance, the present one and those that hold keys still. */
@Injectable()
export class RootKeyList implements Command {
  constructor(@Inject(RootKeyBindingService) private readonly rootKeys: RootKeyBindingService) {}

  async run(given: Arguments): Promise<readonly RootKeyBinding[]> {
    return await this.rootKeys.list(instanceOf(given));
  }
}
