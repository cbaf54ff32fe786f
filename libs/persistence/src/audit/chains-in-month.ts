import { type InstanceId } from '@lib/kernel';

/** Where the records of a chain in a month begin and end, and what is archived of them. */
export interface ChainInMonth {
  readonly instanceId: InstanceId;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly hash: Buffer;
  readonly archived?: {
    readonly firstSeq: number;
    readonly lastSeq: number;
    readonly hash: Buffer;
    readonly fileSha256: Buffer;
  };
}

/** Months are YYYYMM; this one is what was recorded before there were any. */
export const BEFORE_MONTHS = 0;

const PAGE = 500;

/** As the database tells it. */
export interface ChainRow {
  readonly instance_id: InstanceId;
  readonly first_seq: string;
  readonly last_seq: string;
  readonly hash: Buffer;
  readonly archived_first: string | null;
  readonly archived_last: string | null;
  readonly archived_hash: Buffer | null;
  readonly file_sha256: Buffer | null;
}

export async function* chainsIn(
  month: number,
  query: (text: string, values: readonly unknown[]) => Promise<readonly ChainRow[]>,
): AsyncGenerator<ChainInMonth> {
  for (let after: InstanceId | null = null; ;) {
    const rows: readonly ChainRow[] = await query('SELECT * FROM directory_audit_month($1, $2, $3)', [
      month,
      after,
      PAGE,
    ]);
    for (const row of rows) yield chainOf(row);
    if (rows.length < PAGE) return;
    after = rows.at(-1)?.instance_id ?? null;
  }
}

function chainOf(row: ChainRow): ChainInMonth {
  const { archived_hash: hash, file_sha256: fileSha256 } = row;
  return {
    instanceId: row.instance_id,
    firstSeq: Number(row.first_seq),
    lastSeq: Number(row.last_seq),
    hash: row.hash,
    ...(hash &&
      fileSha256 && {
        archived: { firstSeq: Number(row.archived_first), lastSeq: Number(row.archived_last), hash, fileSha256 },
      }),
  };
}

/** Whether the archive has these records, and nothing was added to them since. */
export const isWhole = ({ firstSeq, lastSeq, hash, archived }: ChainInMonth): boolean =>
  archived?.firstSeq === firstSeq && archived.lastSeq === lastSeq && archived.hash.equals(hash);
