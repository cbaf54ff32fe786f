import { Inject, Injectable } from '@nestjs/common';

import { InstanceService } from '@lib/tenancy';

import { type Arguments } from '../arguments';
import { type Command } from '../command';
import { describeInstance } from '../described';
import { instanceOf, operatorContext } from '../operator';

/** Prints the instance, whose clients are served again. */
@Injectable()
export class InstanceEnable implements Command {
  constructor(@Inject(InstanceService) private readonly instances: InstanceService) {}

  async run(given: Arguments): Promise<object> {
    const context = operatorContext();
    return describeInstance(await this.instances.setEnabled(instanceOf(given), true, 'operator', context));
  }
}
