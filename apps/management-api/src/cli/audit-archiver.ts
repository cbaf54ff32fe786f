import { Inject, Injectable } from '@nestjs/common';

import { type AuditChainHead, toCadf, verifyAuditChain } from '@lib/audit';
import { type Clock } from '@lib/kernel';
import { type ChainInMonth, isWhole, PostgresAuditArchives, PostgresAuditTrail } from '@lib/persistence';
import { CLOCK } from '@lib/platform';

import { headFile, monthText, recordsFile, sha256Of, writeLines } from './archived-file';
import { UsageError } from './arguments';
import { AuditHeads } from './audit-heads';

const BATCH = 500;

/** Writes what the trails have of a month into files, which then are noted. */
@Injectable()
export class AuditArchiver {
  constructor(
    @Inject(PostgresAuditArchives) private readonly archives: PostgresAuditArchives,
    @Inject(PostgresAuditTrail) private readonly trail: PostgresAuditTrail,
    @Inject(AuditHeads) private readonly heads: AuditHeads,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Those that are over, the oldest first. */
  async closedMonths(): Promise<readonly number[]> {
    return await this.archives.closedMonths();
  }

  /** Can be stopped at any time and done again: what is whole is left as it is. @returns how many files it wrote */
  async archive(folder: string, month: number): Promise<{ readonly written: number; readonly kept: number }> {
    let [written, kept] = [0, 0];
    for await (const chain of this.archives.chainsIn(month)) {
      if (await this.#isThere(folder, month, chain)) kept += 1;
      else {
        await this.#write(folder, month, chain);
        written += 1;
      }
    }
    return { written, kept };
  }

  async #isThere(folder: string, month: number, chain: ChainInMonth): Promise<boolean> {
    if (chain.archived === undefined) return false;
    if (!isWhole(chain)) {
      throw new UsageError(`${monthText(month)} of instance ${chain.instanceId} has other records than were archived`);
    }
    const found = await sha256Of(recordsFile(folder, month, chain.instanceId));
    return found?.equals(chain.archived.fileSha256) === true;
  }

  async #write(folder: string, month: number, chain: ChainInMonth): Promise<void> {
    const { instanceId, firstSeq, lastSeq, hash, archived } = chain;
    // First: nothing is put away of a trail that contradicts what was signed.
    const head = await this.heads.signedEnd({ instanceId, firstSeq, seq: lastSeq, hash: hash.toString('hex') });
    const fileSha256 = await writeLines(recordsFile(folder, month, instanceId), this.#lines(chain));
    if (archived !== undefined && !fileSha256.equals(archived.fileSha256)) {
      throw new UsageError(`${monthText(month)} of instance ${instanceId} reads otherwise than when it was archived`);
    }
    const end = {
      instance_id: instanceId,
      seq: lastSeq,
      hash: hash.toString('hex'),
      first_seq: firstSeq,
      jws: head?.jws,
    };
    await writeLines(headFile(folder, month, instanceId), inOne(`${JSON.stringify(end)}\n`));
    await this.archives.note({
      instanceId,
      month,
      firstSeq,
      lastSeq,
      hash,
      fileSha256,
      jws: head?.jws,
      archivedAt: this.clock.now(),
    });
  }

  /** As an export has them. @throws UsageError when they do not chain up to their end */
  async *#lines({ instanceId, firstSeq, lastSeq, hash }: ChainInMonth): AsyncGenerator<string> {
    const first = await this.trail.find(instanceId, firstSeq);
    let last: AuditChainHead = { seq: firstSeq - 1, hash: first?.row.previousHash ?? hash };
    while (last.seq < lastSeq) {
      const limit = Math.min(BATCH, lastSeq - last.seq);
      const records = await this.trail.list(instanceId, { newestFirst: false, after: last.seq, limit });
      const rows = records.map(({ row }) => row);
      // A page that is not full, or the last one, has to end where the chain of the month does.
      const end = rows.length < limit || last.seq + limit === lastSeq ? { seq: lastSeq, hash } : undefined;
      const verdict = verifyAuditChain(rows, end, last);
      if (!verdict.intact) {
        throw new UsageError(`the trail of instance ${instanceId} does not chain: nothing is archived`);
      }
      for (const row of rows) yield `${JSON.stringify(toCadf(row))}\n`;
      last = verdict.head;
    }
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- one line, where many are taken
async function* inOne(line: string): AsyncGenerator<string> {
  yield line;
}
