import { Inject, Injectable } from '@nestjs/common';

import { InstanceService } from '@lib/tenancy';

import { type Arguments } from '../arguments';
import { type Command } from '../command';
import { describeInstance } from '../described';
import { operatorContext } from '../operator';

/** Prints the new instance. */
@Injectable()
export class InstanceCreate implements Command {
  constructor(@Inject(InstanceService) private readonly instances: InstanceService) {}

  async run(given: Arguments): Promise<object> {
    const order = { crn: given.get('crn'), name: given.get('name') };
    return describeInstance(await this.instances.create(order, operatorContext()));
  }
}
