import { Inject, Injectable } from '@nestjs/common';

import { PostgresAuditTrail } from '@lib/persistence';
import { InstanceService } from '@lib/tenancy';

import { type Arguments } from '../arguments';
import { type Command } from '../command';
import { describeInstance } from '../described';
import { operatorContext } from '../operator';
import { demandAsBefore } from '../second-person-of-former';

/** Prints the new instance. One that was removed comes back under its CRN, with the demand for a second person that it had. */
@Injectable()
export class InstanceCreate implements Command {
  constructor(
    @Inject(InstanceService) private readonly instances: InstanceService,
    @Inject(PostgresAuditTrail) private readonly trail: PostgresAuditTrail,
  ) {}

  async run(given: Arguments): Promise<object> {
    const order = { crn: given.get('crn'), name: given.get('name') };
    const { id } = await this.instances.create(order, operatorContext());
    const [end] = await this.trail.list(id, {
      action: 'vmware-solutions.instance.delete',
      outcome: 'success',
      newestFirst: true,
      limit: 1,
    });
    await demandAsBefore(this.instances, id, end?.event);
    return describeInstance(await this.instances.get(id));
  }
}
