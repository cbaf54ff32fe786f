import { Inject, Injectable } from '@nestjs/common';

import { type HeadState } from '@lib/audit';
import { type Clock, type InstanceId } from '@lib/kernel';
import { PostgresAuditHeads, PostgresAuditTrail } from '@lib/persistence';
import { CLOCK, type HeadSigning, headSigning } from '@lib/platform';
import { type ActionContext, InstanceService, TenancyError } from '@lib/tenancy';

import { ADMIN_CONFIG, type AdminConfig } from './admin.config';
import { auditKeyFileOf } from './audit-keys';

/** Heads of audit trails, as the operator judges them. @throws UsageError from each while nothing is signed */
@Injectable()
export class AuditHeads {
  constructor(
    @Inject(ADMIN_CONFIG) private readonly config: AdminConfig,
    @Inject(PostgresAuditHeads) private readonly heads: PostgresAuditHeads,
    @Inject(PostgresAuditTrail) private readonly trail: PostgresAuditTrail,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(InstanceService) private readonly instances: InstanceService,
  ) {}

  async sign(instanceId: InstanceId): Promise<HeadState> {
    return await this.#signing().signer.sign(instanceId);
  }

  /** @returns the contradiction that was released, if there was one */
  async release(instanceId: InstanceId, context: ActionContext): Promise<string | undefined> {
    const { signer } = this.#signing();
    const state = await signer.sign(instanceId);
    if (state.state !== 'contradicted') return undefined;
    const { contradiction, head } = state;
    // First in the trail: what is signed next holds who released it, and what.
    const lost = head && { auditHeadSeq: String(head.seq), auditHeadHash: head.hash };
    try {
      await this.instances.recordRelease(instanceId, context, { auditHead: 'released', contradiction, ...lost });
    } catch (error) {
      // Made after the backup and lost with it: it has no trail to say so.
      if (!(error instanceof TenancyError) || error.code !== 'instance_not_found') throw error;
    }
    await signer.release(instanceId);
    return contradiction;
  }

  /** Whose heads were signed at any time, also those that the database does not know any more. */
  async everSigned(): Promise<readonly InstanceId[]> {
    return await this.#signing().copies.instances();
  }

  #signing(): HeadSigning {
    const settings = { ...this.config, auditKeyFile: auditKeyFileOf(this.config) };
    const { heads, trail, clock } = this;
    return headSigning(settings, { heads, trail, clock }, (message, error) => {
      process.stderr.write(`${message}: ${String(error)}\n`);
    });
  }
}
