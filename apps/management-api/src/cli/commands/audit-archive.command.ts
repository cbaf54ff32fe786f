import { Inject, Injectable } from '@nestjs/common';

import { monthOf, monthText } from '../archived-file';
import { type Arguments, UsageError } from '../arguments';
import { AuditArchiver } from '../audit-archiver';
import { type Command } from '../command';

/** Writes the records of months that are over into files. Prints of each month how many files it wrote, and had. */
@Injectable()
export class AuditArchive implements Command {
  constructor(@Inject(AuditArchiver) private readonly archiver: AuditArchiver) {}

  async run(given: Arguments): Promise<object> {
    const wanted = given.find('month');
    const closed = await this.archiver.closedMonths();
    const months = wanted === undefined ? closed : closed.filter((month) => month === monthOf(wanted));
    if (months.length === 0) throw new UsageError('there is no such month that is over');
    const archived: object[] = [];
    for (const month of months) {
      archived.push({ month: monthText(month), ...(await this.archiver.archive(given.get('to'), month)) });
    }
    return { archived };
  }
}
