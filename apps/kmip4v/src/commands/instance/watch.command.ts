import { setTimeout as delay } from 'node:timers/promises';

import { TenantApiError } from '@lib/tenant-api-client';

import { command, value } from '../../command-line/command';
import { type Context } from '../../command-line/context';
import { type Columns, textOf } from '../../output/table';
import { time } from '../../output/views';
import { answerOf, present } from '../../tenant/asking';
import { type InstanceEvent } from '../../tenant/resources';
import { serverSentEvents } from '../../tenant/server-sent-events';

const AGAIN_MS = 3_000;

const COLUMNS: Columns<InstanceEvent> = [
  ['at', ({ occurred_at: at }) => time(at)],
  ['about', ({ type }) => type],
  ['state', ({ state }) => state],
  ['identifier', ({ subject }) => subject],
  ['keys moved', ({ keys_moved: moved }) => moved],
];

export const instanceWatch = command({
  name: 'watch',
  about: 'Print what changes on the instance as it happens, until Ctrl-C',
  details:
    'One change a line; with --output json one JSON object a line. `reset` means that more has happened than can be told one by one. With the identifier of the last change it goes on from there.',
  options: { after: value('ID', 'go on after this change, instead of from now on') },
  async run({ after }, context) {
    let last = after;
    for (;;) {
      try {
        for await (const { id, data } of await messages(last, context)) {
          last = id ?? last;
          if (data !== '') await print(JSON.parse(data) as InstanceEvent, context);
        }
      } catch (error) {
        // A stream that is cut is taken up again; what is refused, by the service or for want of it, is told.
        if (error instanceof TenantApiError || last === undefined) throw error;
      }
      await delay(AGAIN_MS);
    }
  },
});

async function messages(last: string | undefined, context: Context): Promise<ReturnType<typeof serverSentEvents>> {
  const { api, instance } = await context.tenant();
  const call = api.GET('/v1/instances/{instance_id}/events', {
    params: { path: { instance_id: instance }, header: present({ 'Last-Event-ID': last }) },
    headers: { accept: 'text/event-stream' },
    parseAs: 'stream',
  });
  // A stream of bytes, which the client library leaves untyped.
  return serverSentEvents((await answerOf(call)) as unknown as AsyncIterable<Uint8Array>);
}

async function print(event: InstanceEvent, { out }: Context): Promise<void> {
  const line = out.format === 'table' ? COLUMNS.map(([, of]) => textOf(of(event))).join('  ') : JSON.stringify(event);
  await out.write(`${line}\n`);
}
