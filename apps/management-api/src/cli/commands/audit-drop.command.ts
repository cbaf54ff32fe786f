import { type Environment } from '@lib/config';
import { BEFORE_MONTHS, isWhole, NotArchived, OwnedAuditMonths } from '@lib/persistence';
import { databaseConnection } from '@lib/platform';

import { readMigrationConfig } from '../admin.config';
import { monthOf, monthsAfter, monthText, recordsFile, sha256Of } from '../archived-file';
import { type Arguments, UsageError } from '../arguments';
import { asOwner } from '../as-owner';

const KEPT_MONTHS = 3;

/**
 * Drops months of all audit trails that lie in an archive, the oldest first. Prints which.
 * @throws UsageError unless `--confirm` repeats the month, and for whatever is not archived as it is
 */
export async function auditDrop(environment: Environment, given: Arguments): Promise<object> {
  const before = monthOf(given.get('before'));
  const { databaseUrl } = readMigrationConfig(environment);
  return await asOwner(async () => {
    const owned = await OwnedAuditMonths.open(databaseConnection(databaseUrl));
    try {
      return await drop(owned, before, given);
    } catch (error) {
      throw error instanceof NotArchived ? new UsageError(`${error.message}. \`audit archive\` writes them`) : error;
    } finally {
      await owned.close();
    }
  });
}

async function drop(owned: OwnedAuditMonths, before: number, given: Arguments): Promise<object> {
  const latest = monthsAfter(await owned.current(), 1 - keptMonths(given));
  if (before > latest) {
    throw new UsageError(
      `too few months are left: not later than --before ${monthText(latest)}, or with --keep MONTHS`,
    );
  }
  const found: { readonly month: number; readonly records: number; readonly instances: number }[] = [];
  for (const month of await monthsBefore(owned, before)) {
    found.push({ month, ...(await checked(owned, month, given.get('archive'))) });
  }
  const months = found.map(({ month, ...counts }) => ({ month: monthText(month), ...counts }));
  if (months.length === 0) return { dropped: [] };
  if (given.find('confirm') !== given.get('before')) {
    throw new UsageError(
      `these go, for all instances, and are then in the archive alone: ${JSON.stringify(months)}. --confirm ${given.get('before')} drops them`,
    );
  }
  for (const { month } of found) await owned.drop(month);
  return { dropped: months };
}

function keptMonths(given: Arguments): number {
  const text = given.find('keep') ?? String(KEPT_MONTHS);
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new UsageError('--keep is a number of months, this one among them');
  return Number(text);
}

/** @throws UsageError for a month whose records lie among those of others, which cannot be dropped */
async function monthsBefore(owned: OwnedAuditMonths, before: number): Promise<readonly number[]> {
  const partitions = await owned.months();
  const months: number[] = [];
  for (let month = partitions[0] ?? before; month < before; month = monthsAfter(month, 1)) {
    if (partitions.includes(month)) months.push(month);
    else if (await hasRecords(owned, month)) {
      throw new UsageError(`${monthText(month)} has no partition of its own: its records cannot be dropped`);
    }
  }
  return (await hasRecords(owned, BEFORE_MONTHS)) ? [BEFORE_MONTHS, ...months] : months;
}

async function hasRecords(owned: OwnedAuditMonths, month: number): Promise<boolean> {
  for await (const _chain of owned.chainsIn(month)) return true;
  return false;
}

/** @throws UsageError for what the archive does not have, or not as it was written */
async function checked(
  owned: OwnedAuditMonths,
  month: number,
  folder: string,
): Promise<{ readonly records: number; readonly instances: number }> {
  let [records, instances] = [0, 0];
  for await (const chain of owned.chainsIn(month)) {
    const of = `${monthText(month)} of instance ${chain.instanceId}`;
    if (!isWhole(chain)) throw new UsageError(`${of} is not archived: \`audit archive\` writes it`);
    const file = recordsFile(folder, month, chain.instanceId);
    const found = await sha256Of(file);
    if (found === undefined) throw new UsageError(`${of} is archived, but ${file} is not there`);
    if (chain.archived?.fileSha256.equals(found) !== true) throw new UsageError(`${file} was changed`);
    records += chain.lastSeq - chain.firstSeq + 1;
    instances += 1;
  }
  return { records, instances };
}
