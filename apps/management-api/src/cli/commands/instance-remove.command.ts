import { Inject, Injectable } from '@nestjs/common';

import { InstanceService } from '@lib/tenancy';

import { type Arguments } from '../arguments';
import { type Command } from '../command';
import { instanceOf, operatorContext } from '../operator';

const UNDO =
  'The wrapped keys are in the key manager still: `instance create` with the same CRN, `root-key set` and `catalog rebuild` bring them back, or `instance take-over` into another instance.';

/** Prints what was removed, and how to have it back. */
@Injectable()
export class InstanceRemove implements Command {
  constructor(@Inject(InstanceService) private readonly instances: InstanceService) {}

  async run(given: Arguments): Promise<object> {
    await this.instances.remove(instanceOf(given), operatorContext(), given.find('confirm'));
    return { removed: given.get('instance'), undo: UNDO };
  }
}
