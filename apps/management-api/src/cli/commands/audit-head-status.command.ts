import { Inject, Injectable } from '@nestjs/common';

import { type HeadState } from '@lib/audit';
import { InstanceService } from '@lib/tenancy';

import { type Arguments } from '../arguments';
import { AuditHeads } from '../audit-heads';
import { type Command } from '../command';
import { instanceOf } from '../operator';

/** Prints where the trail of an instance ends, and whether that agrees with what was signed before. */
@Injectable()
export class AuditHeadStatus implements Command {
  constructor(
    @Inject(AuditHeads) private readonly heads: AuditHeads,
    @Inject(InstanceService) private readonly instances: InstanceService,
  ) {}

  async run(given: Arguments): Promise<object> {
    const instanceId = instanceOf(given);
    const state = await this.heads.sign(instanceId);
    // Of an instance that is not there nothing is signed either.
    if (state.state === 'unsigned') await this.instances.get(instanceId);
    return describe(state);
  }
}

function describe(state: HeadState): object {
  if (state.state === 'unsigned') return { state: state.state };
  const { head } = state;
  return {
    state: state.state,
    ...(state.state === 'contradicted' && { contradiction: state.contradiction }),
    ...(head && { seq: head.seq, hash: head.hash, signedAt: head.signedAt, supersedes: head.supersedes }),
  };
}
