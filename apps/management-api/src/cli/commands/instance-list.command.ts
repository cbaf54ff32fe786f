import { Inject, Injectable } from '@nestjs/common';

import { InstanceService } from '@lib/tenancy';

import { type Command } from '../command';
import { describeInstance } from '../described';

const MAXIMUM_LISTED = 1_000;

/** Prints the instances of the region. */
@Injectable()
export class InstanceList implements Command {
  constructor(@Inject(InstanceService) private readonly instances: InstanceService) {}

  async run(): Promise<readonly object[]> {
    return (await this.instances.list({ limit: MAXIMUM_LISTED })).map(describeInstance);
  }
}
