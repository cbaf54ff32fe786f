import { Controller, Get, Inject } from '@nestjs/common';

import { type DailyUsage, type DailyUsages } from '@lib/metering';
import { PostgresDailyUsages } from '@lib/persistence';

import { notFound } from '../../http/api-error';
import { type OperationAnswer, type OperationCall } from '../../http/operation';
import { Call, Operation } from '../../http/operation.decorator';
import { invalidToken, pageAnswer, pageRequest } from '../paging';
import { periodOf } from '../period';
import { PUBLIC_URL } from '../../http/tokens';

const DAY_MS = 86_400_000;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

@Controller('v1/instances/:instance_id/usage_records')
export class UsageController {
  constructor(
    @Inject(PostgresDailyUsages) private readonly usages: DailyUsages,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  @Get()
  @Operation('list_instance_usage_records', 'usage.read')
  async list(@Call() call: OperationCall): Promise<OperationAnswer> {
    const { limit, after } = pageRequest(call, 1);
    const text = call.query['started_at'];
    const { from, before } = periodOf('started_at', text === undefined ? undefined : String(text));
    const found = await this.usages.list(call.instance().instanceId, {
      limit: limit + 1,
      ...(from && { from: dayFrom(from) }),
      ...(before && { before: dayFrom(before) }),
      ...(after?.[0] !== undefined && { after: validDay(after[0]) ?? refuse() }),
    });
    return pageAnswer(call, this.publicUrl, 'usage_records', found, {
      cursorOf: ({ day }) => [day],
      present: (usage) => this.#present(call, usage),
    });
  }

  @Get(':id')
  @Operation('get_instance_usage_record', 'usage.read')
  async get(@Call() call: OperationCall): Promise<OperationAnswer> {
    const [, year, month, date] = /^day-(\d{4})(\d{2})(\d{2})$/.exec(call.path['id'] ?? '') ?? [];
    const day = validDay(`${year ?? ''}-${month ?? ''}-${date ?? ''}`);
    const usage = day === undefined ? undefined : await this.usages.find(call.instance().instanceId, day);
    if (!usage) throw notFound();
    return { status: 200, body: this.#present(call, usage) };
  }

  #present(call: OperationCall, { day, liveKeys, certificates }: DailyUsage): object {
    const id = `day-${day.replaceAll('-', '')}`;
    const start = Date.parse(`${day}T00:00:00Z`);
    return {
      id,
      href: `${this.publicUrl}/v1/instances/${call.instance().instanceId}/usage_records/${id}`,
      started_at: new Date(start).toISOString(),
      ended_at: new Date(start + DAY_MS).toISOString(),
      live_keys: liveKeys,
      client_certificates: certificates,
    };
  }
}

/** The first day that begins at this instant or later. */
const dayFrom = (date: Date): string =>
  new Date(Math.ceil(date.getTime() / DAY_MS) * DAY_MS).toISOString().slice(0, 10);

function validDay(text: string): string | undefined {
  const date = new Date(`${text}T00:00:00Z`);
  return DAY.test(text) && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text) ? text : undefined;
}

function refuse(): never {
  throw invalidToken();
}
