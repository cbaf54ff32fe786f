import { Readable } from 'node:stream';

import { Controller, Get, Inject } from '@nestjs/common';

import { type AuditQuery, type AuditRecord, type AuditTrail, toCadf } from '@lib/audit';
import { type InstanceId } from '@lib/kernel';
import { PostgresAuditTrail } from '@lib/persistence';

import { notFound } from '../../http/api-error';
import { type OperationAnswer, type OperationCall } from '../../http/operation';
import { Call, Operation } from '../../http/operation.decorator';
import { invalidToken, pageAnswer, pageRequest } from '../paging';
import { type Period, periodOf } from '../period';
import { PUBLIC_URL } from '../../http/tokens';
import { auditEventResponse, eventId, sequenceOf } from './audit-event.response';

/** Records read at once for an export. */
const EXPORT_BATCH = 500;
const JSON_TYPE = 'application/json';

@Controller('v1/instances/:instance_id')
export class AuditController {
  constructor(
    @Inject(PostgresAuditTrail) private readonly trail: AuditTrail,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  @Get('audit_events')
  @Operation('list_instance_audit_events', 'audit.read')
  async list(@Call() call: OperationCall): Promise<OperationAnswer> {
    const { instanceId } = call.instance();
    const found = await this.trail.list(instanceId, auditQueryOf(call));
    return pageAnswer(call, this.publicUrl, 'audit_events', found, {
      cursorOf: ({ row }) => [String(row.seq)],
      present: (record) => this.#present(instanceId, record),
    });
  }

  @Get('audit_events/:id')
  @Operation('get_instance_audit_event', 'audit.read')
  async get(@Call() call: OperationCall): Promise<OperationAnswer> {
    const { instanceId } = call.instance();
    const seq = sequenceOf(call.path['id'] ?? '');
    const record = seq === undefined ? undefined : await this.trail.find(instanceId, seq);
    if (!record) throw notFound();
    return { status: 200, body: this.#present(instanceId, record) };
  }

  /** Oldest first, so that the chain can be followed while it is read. */
  @Get('audit_log')
  @Operation('get_instance_audit_log', 'audit.read')
  // The answer begins before anything is read; a failure later cuts it off, which the chain's reader notices.
  // eslint-disable-next-line @typescript-eslint/require-await -- all handlers return promises
  async export(@Call() call: OperationCall): Promise<OperationAnswer> {
    const text = call.query['occurred_at'];
    const period = periodOf('occurred_at', text === undefined ? undefined : String(text));
    const events = this.#events(call.instance().instanceId, period);
    const content = Readable.from(call.answerType === JSON_TYPE ? inOneObject(events) : inLines(events));
    return { status: 200, stream: { type: call.answerType, content } };
  }

  /**
   * Every event between the first and the last of the period, whenever it says that it happened: events that commit
   * side by side need not be in the order of their times, and a chain with holes could not be checked.
   */
  async *#events(instanceId: InstanceId, occurred: Period): AsyncGenerator<string> {
    const end = async (newestFirst: boolean): Promise<number | undefined> =>
      (await this.trail.list(instanceId, { occurred, newestFirst, limit: 1 }))[0]?.row.seq;
    const [first, last] = [await end(false), await end(true)];
    if (first === undefined || last === undefined) return;
    for (let after = first - 1; after < last;) {
      const limit = Math.min(EXPORT_BATCH, last - after);
      const batch = await this.trail.list(instanceId, { newestFirst: false, after, limit });
      for (const { row } of batch) yield JSON.stringify(toCadf(row));
      after = batch.at(-1)?.row.seq ?? last;
    }
  }

  #present(instanceId: InstanceId, record: AuditRecord): object {
    const href = `${this.publicUrl}/v1/instances/${instanceId}/audit_events/${eventId(record.row.seq)}`;
    return auditEventResponse(record, href);
  }
}

async function* inLines(events: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const event of events) yield `${event}\n`;
}

/** The same lines as text, for callers that accept nothing but JSON: events are checked as they were written. */
async function* inOneObject(events: AsyncIterable<string>): AsyncGenerator<string> {
  yield '{"lines":[';
  let separator = '\n';
  for await (const event of events) {
    yield separator + JSON.stringify(event);
    separator = ',\n';
  }
  yield '\n]}\n';
}

function auditQueryOf(call: OperationCall): AuditQuery {
  const { limit, after } = pageRequest(call, 1);
  const text = (name: string): string | undefined =>
    call.query[name] === undefined ? undefined : String(call.query[name]);
  const fields = {
    action: text('action'),
    initiatorId: text('initiator.id'),
    targetId: text('target.id'),
    correlationId: text('correlation_id'),
    // The document's enumeration has these two only.
    outcome: text('outcome') as AuditQuery['outcome'],
  };
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  return {
    ...given,
    occurred: periodOf('occurred_at', text('occurred_at')),
    newestFirst: true,
    limit: limit + 1,
    ...(after?.[0] !== undefined && { after: sequenceFrom(after[0]) }),
  };
}

function sequenceFrom(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw invalidToken();
  return Number(text);
}
