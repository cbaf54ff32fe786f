import { createHash, randomUUID } from 'node:crypto';
import { type FastifyInstance } from 'fastify';
import { z } from 'zod';
import { type Cloud } from '../cloud';
import { watchTraffic } from '../http/traffic';
import { verifyCaller } from '../iam/caller';
import { type Change } from '../journal/store';

const RECORDS_PER_CALL = 100;
/** Usage is accepted at the latest two days after its end. */
const LATEST_MS = 2 * 24 * 3600 * 1000;

const quantity = z.union([z.number(), z.strictObject({ previous: z.number(), current: z.number() })]);
const recordSchema = z.strictObject({
  resource_instance_id: z.string().min(1),
  plan_id: z.string().min(1),
  region: z.string().optional(),
  start: z.int().min(0),
  end: z.int().min(0),
  measured_usage: z.array(z.strictObject({ measure: z.string().min(1), quantity })).min(1),
  consumer_id: z.string().optional(),
});
type UsageRecord = z.output<typeof recordSchema>;

class MeteringError extends Error {
  constructor(
    readonly status: 400 | 401,
    message: string,
  ) {
    super(message);
  }
}

interface RecordAnswer {
  readonly status: number;
  readonly location: string;
  readonly code?: string;
  readonly message?: string;
}

/** Takes usage records; each is judged alone, so a 202 says nothing about any of them. */
export function registerMetering(app: FastifyInstance, cloud: Cloud): void {
  app.register(
    (metering, _options, done) => {
      watchTraffic(metering, cloud, 'metering');
      metering.setErrorHandler((error, request, reply) => {
        const known = error instanceof MeteringError;
        const status = known ? error.status : ((error as { statusCode?: number }).statusCode ?? 500);
        if (status >= 500) request.log.error(error);
        const message = known ? error.message : 'The request cannot be served.';
        const code = status >= 500 ? 'internal_error' : 'invalid_request';
        return reply.code(status).send({ errors: [{ code, message }], trace: randomUUID() });
      });
      metering.post<{ Params: { id: string } }>(
        '/v4/metering/resources/:id/usage',
        { config: { operation: 'usage.report', writes: true } },
        async (request, reply) => {
          if (typeof verifyCaller(cloud, request) === 'string') throw new MeteringError(401, 'The token is not valid.');
          const records = z.array(z.unknown()).min(1).max(RECORDS_PER_CALL).safeParse(request.body);
          if (!records.success) throw new MeteringError(400, `The body is a list of 1 to ${RECORDS_PER_CALL} records.`);
          const changes: Change[] = [];
          const taken = new Set<string>();
          const resources = records.data.map((record) => judge(cloud, request.params.id, record, taken, changes));
          await cloud.store.commit(...changes);
          const reversed = cloud.behaviour.settings.usageVerdicts === 'reversed';
          return reply.code(202).send({ resources: reversed ? resources.reverse() : resources });
        },
      );
      done();
    },
    { prefix: '/metering' },
  );
}

function judge(cloud: Cloud, resourceId: string, given: unknown, taken: Set<string>, changes: Change[]): RecordAnswer {
  const parsed = recordSchema.safeParse(given);
  if (!parsed.success) return refused(400, 'bad_request', parsed.error.issues[0]?.path.join('.') ?? '');
  const record = parsed.data;
  const now = cloud.clock.now().getTime();
  if (record.start > record.end || record.end > now) return refused(400, 'bad_request', 'start, end');
  if (now - record.end > LATEST_MS) return refused(400, 'late_submission', 'end');
  const instance = cloud.store.get('instance', guidOf(record.resource_instance_id));
  if (!instance) return refused(424, 'instance_not_found', 'resource_instance_id');
  if (!cloud.store.get('service', resourceId)) return refused(404, 'metering_definition_not_found', 'resource_id');
  const id = identityOf(instance.accountId, instance.resourceGroupId, record);
  const location = `/v4/metering/resources/${resourceId}/usage/${id.slice(0, 32)}`;
  // Records are facts: the first one stands, the same window sent again is a conflict, whatever it says.
  if (taken.has(id) || cloud.store.get('usage', id)) return { ...refused(409, 'duplicate', 'record'), location };
  taken.add(id);
  changes.push(['usage', id, { location, resourceId, record, acceptedAt: new Date(now).toISOString() }]);
  return { status: 201, location };
}

const refused = (status: number, code: string, what: string): RecordAnswer => ({
  status,
  location: '',
  code,
  message: `The record was not accepted: ${what}`,
});

const guidOf = (id: string): string => (id.startsWith('crn:') ? (id.split(':')[7] ?? '') : id).toLowerCase();

/** What makes a record the same record; the quantities are no part of it. */
function identityOf(accountId: string, resourceGroupId: string, record: UsageRecord): string {
  const { resource_instance_id: instance, consumer_id: consumer, plan_id: plan, region, start, end } = record;
  const parts = [accountId, resourceGroupId, instance, consumer ?? '', plan, region ?? '', start, end];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
