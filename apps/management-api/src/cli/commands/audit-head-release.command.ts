import { Inject, Injectable } from '@nestjs/common';

import { InstanceService } from '@lib/tenancy';

import { type Arguments, UsageError } from '../arguments';
import { AuditHeads } from '../audit-heads';
import { type Command } from '../command';
import { instanceOf, operatorContext } from '../operator';

/**
 * The operator knows why a trail contradicts what was signed: it is signed again, and says what it supersedes. Prints
 * the contradiction.
 */
@Injectable()
export class AuditHeadRelease implements Command {
  constructor(
    @Inject(AuditHeads) private readonly heads: AuditHeads,
    @Inject(InstanceService) private readonly instances: InstanceService,
  ) {}

  async run(given: Arguments): Promise<object> {
    const instanceId = instanceOf(given);
    const released = await this.heads.release(instanceId, operatorContext());
    if (released === undefined) {
      await this.instances.get(instanceId);
      throw new UsageError('the audit trail agrees with what was signed: nothing to release');
    }
    return { released: instanceId, contradiction: released };
  }
}
