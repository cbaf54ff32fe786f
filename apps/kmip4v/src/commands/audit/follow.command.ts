import { setTimeout as delay } from 'node:timers/promises';

import { command, value } from '../../command-line/command';
import { type Context } from '../../command-line/context';
import { type Output } from '../../output/output';
import { textOf } from '../../output/table';
import { collected, countIn } from '../../tenant/asking';
import { type AuditEvent } from '../../tenant/resources';
import { EVENT_COLUMNS } from './audit-view';
import { SEARCH, searchQuery } from './events';

const EVERY_S = 2;

export const auditFollow = command({
  name: 'follow',
  about: 'Print events as they happen, until Ctrl-C',
  details: 'One event a line; with --output json one JSON object a line.',
  options: { ...SEARCH, every: value('SECONDS', `how often to look (default: ${EVERY_S})`) },
  async run(given, context) {
    const everyMs = (countIn('--every', given.every) ?? EVERY_S) * 1_000;
    const newer = await newerEvents(searchQuery(given), context);
    for (;;) {
      for (const event of await newer()) await printEvent(event, context.out);
      await delay(everyMs);
    }
  },
});

/** What came since it was last asked, the oldest first; the first time nothing. */
async function newerEvents(
  query: ReturnType<typeof searchQuery>,
  context: Context,
): Promise<() => Promise<readonly AuditEvent[]>> {
  const { api, instance } = await context.tenant();
  const newestFirst = (most: number | undefined, until: string | undefined): Promise<readonly AuditEvent[]> =>
    collected(
      (page) =>
        api.GET('/v1/instances/{instance_id}/audit_events', {
          params: { path: { instance_id: instance }, query: { ...page, ...query } },
        }),
      ({ audit_events: events }) => events,
      most,
      ({ id }) => id === until,
    );
  let [last] = await newestFirst(1, undefined);
  return async () => {
    const found = await newestFirst(last === undefined ? 1 : undefined, last?.id);
    last = found[0] ?? last;
    return found.toReversed();
  };
}

async function printEvent(event: AuditEvent, out: Output): Promise<void> {
  const line =
    out.format === 'table' ? EVENT_COLUMNS.map(([, of]) => textOf(of(event))).join('  ') : JSON.stringify(event);
  await out.write(`${line}\n`);
}
