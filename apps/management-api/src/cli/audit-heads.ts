import { Inject, Injectable } from '@nestjs/common';

import { type AuditHead, type HeadState, signHead, type SignedAuditHead, signingKeyAt } from '@lib/audit';
import { type Clock, type InstanceId } from '@lib/kernel';
import { PostgresAuditHeads, PostgresAuditTrail } from '@lib/persistence';
import { CLOCK, type HeadSigning, headSigning } from '@lib/platform';
import { type ActionContext, InstanceService, TenancyError } from '@lib/tenancy';

import { ADMIN_CONFIG, type AdminConfig } from './admin.config';
import { UsageError } from './arguments';
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

  /**
   * Where a part of a trail ends that is put away. @returns undefined while nothing is signed
   * @throws UsageError for a trail that contradicts what was signed
   */
  async signedEnd(
    end: Pick<AuditHead, 'firstSeq' | 'hash' | 'seq'> & { readonly instanceId: InstanceId },
  ): Promise<SignedAuditHead | undefined> {
    if (this.config.auditKeyFile === undefined) return undefined;
    const { signer, keys } = this.#signing();
    const state = await signer.sign(end.instanceId);
    if (state.state === 'contradicted') {
      throw new UsageError(
        `the trail of instance ${end.instanceId} contradicts what was signed: ${state.contradiction}`,
      );
    }
    const now = this.clock.now();
    const key = signingKeyAt(await keys(), now);
    const { firstSeq, seq } = end;
    return key && signHead({ ...end, recordCount: seq - firstSeq + 1, signedAt: now, supersedes: [] }, key);
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
