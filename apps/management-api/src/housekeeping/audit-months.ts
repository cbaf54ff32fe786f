import { Inject, Injectable } from '@nestjs/common';

import { type Clock } from '@lib/kernel';
import { PostgresAuditMonths } from '@lib/persistence';
import { CLOCK } from '@lib/platform';

import { onceADay } from './once-a-day';

/** Makes room for the audit records of the months to come, two months before the first of them. */
@Injectable()
export class AuditMonths {
  readonly round: () => Promise<void>;

  constructor(@Inject(PostgresAuditMonths) months: PostgresAuditMonths, @Inject(CLOCK) clock: Clock) {
    this.round = onceADay(clock, () => months.prepare());
  }
}
