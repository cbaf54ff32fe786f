import { type AuditHeads, type HeadCopies, type HeadSigner } from '@lib/audit';
import { type InstanceId } from '@lib/kernel';

const PAGE = 500;

export interface HeadRoundParts {
  readonly signer: Pick<HeadSigner, 'sign'>;
  readonly heads: Pick<AuditHeads, 'unsigned'>;
  readonly copies: Pick<HeadCopies, 'instances'>;
  /** False without a key: then nothing is looked at. */
  readonly signs: () => Promise<boolean>;
  /** How many trails contradict what was signed of them. */
  readonly contradicted: (count: number) => void;
  readonly alarm: (instanceId: InstanceId, contradiction: string) => void;
  readonly failed: (instanceId: InstanceId, error: unknown) => void;
}

/**
 * Signs where each trail ends that went on, and compares all others with the heads outside of the database: a restored
 * database holds trails that agree with everything in it.
 */
export class HeadRound {
  constructor(private readonly parts: HeadRoundParts) {}

  async round(): Promise<void> {
    if (!(await this.parts.signs())) return;
    let contradicted = 0;
    for (const instanceId of await this.instances()) {
      try {
        if (await this.isContradicted(instanceId)) contradicted += 1;
      } catch (error) {
        this.parts.failed(instanceId, error);
      }
    }
    this.parts.contradicted(contradicted);
  }

  private async instances(): Promise<ReadonlySet<InstanceId>> {
    const all = new Set(await this.parts.copies.instances());
    for (let after: InstanceId | undefined; ;) {
      const page = await this.parts.heads.unsigned(after, PAGE);
      for (const instanceId of page) all.add(instanceId);
      after = page.at(-1);
      if (page.length < PAGE) return all;
    }
  }

  private async isContradicted(instanceId: InstanceId): Promise<boolean> {
    for (;;) {
      const signed = await this.parts.signer.sign(instanceId);
      if (signed.state === 'contradicted') this.parts.alarm(instanceId, signed.contradiction);
      if (signed.state !== 'signed' || signed.complete) return signed.state === 'contradicted';
    }
  }
}
