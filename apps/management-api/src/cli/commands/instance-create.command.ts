import { Inject, Injectable } from '@nestjs/common';

import { PostgresAuditTrail } from '@lib/persistence';
import { instanceIdOf, InstanceService, parseInstanceCrn } from '@lib/tenancy';

import { type Arguments } from '../arguments';
import { type Command } from '../command';
import { describeInstance } from '../described';
import { demandedSecondPerson, endOf } from '../end-of-instance';
import { operatorContext } from '../operator';

/** Prints the new instance. One that was removed comes back under its CRN, with the demand for a second person that it had. */
@Injectable()
export class InstanceCreate implements Command {
  constructor(
    @Inject(InstanceService) private readonly instances: InstanceService,
    @Inject(PostgresAuditTrail) private readonly trail: PostgresAuditTrail,
  ) {}

  async run(given: Arguments): Promise<object> {
    const crn = given.get('crn');
    const end = await endOf(this.trail, instanceIdOf(parseInstanceCrn(crn)));
    const order = { crn, name: given.get('name'), secondPersonToDestroy: demandedSecondPerson(end) };
    return describeInstance(await this.instances.create(order, operatorContext()));
  }
}
