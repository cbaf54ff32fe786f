import UsageMeteringV4 from '@ibm-cloud/platform-services/usage-metering/v4';
import { type MeteringRecord, type UsageReporter, type UsageVerdict } from '@lib/metering';
import { z } from 'zod';

import { type ServiceIdentity } from '../../auth/service-identity';
import { clientOptions, PlatformCallFailed } from './platform-client';

/** Measures as they are registered with the platform for both plans. */
const MEASURES = { liveKeys: 'ACTIVE_KEYS', clientCertificates: 'CLIENT_CERTIFICATES' } as const;

const ANSWER = z.object({
  resources: z.array(z.object({ status: z.number(), code: z.string().optional().catch(undefined) })),
});

/** Not known there (yet), too many calls, or their failure: the record itself is right. */
const PASSING = new Set([408, 424, 429]);

/**
 * IBM Cloud's usage metering. A 202 says nothing yet: every record is judged by itself. No verdict names its record, and
 * nobody promises an order, so a verdict is taken for a record only when there is no other it could be about: all are
 * the same, or the record was sent alone. What was accepted in the call before is then a conflict, which says so.
 */
export class PlatformUsageReporter implements UsageReporter {
  private readonly client: UsageMeteringV4;

  constructor(
    serviceUrl: string,
    private readonly identity: ServiceIdentity,
  ) {
    this.client = new UsageMeteringV4(clientOptions(serviceUrl));
  }

  async report(serviceId: string, records: readonly MeteringRecord[]): Promise<readonly UsageVerdict[]> {
    const verdicts = await this.judge(serviceId, records);
    const [first] = verdicts;
    if (first === undefined) throw new PlatformCallFailed('the metering service judged no record', undefined);
    const undisputed = verdicts.length === records.length && verdicts.every(({ kind }) => kind === first.kind);
    if (undisputed) return records.map(() => first);
    if (records.length === 1)
      throw new PlatformCallFailed('the metering service judged more than it was sent', undefined);
    return this.reportEachAlone(serviceId, records);
  }

  /** After a call that failed the rest is not tried: it is sent again with the next round. */
  private async reportEachAlone(serviceId: string, records: readonly MeteringRecord[]): Promise<UsageVerdict[]> {
    const verdicts: UsageVerdict[] = [];
    for (const record of records) {
      try {
        verdicts.push(...(await this.report(serviceId, [record])));
      } catch (error) {
        if (!(error instanceof PlatformCallFailed)) throw error;
        break;
      }
    }
    const rest = records.slice(verdicts.length);
    return [...verdicts, ...rest.map(() => ({ kind: 'retry', detail: 'not judged by itself yet' }) as const)];
  }

  private async judge(serviceId: string, records: readonly MeteringRecord[]): Promise<readonly UsageVerdict[]> {
    const { resources } = await this.send(serviceId, records);
    return resources.map(({ status, code }) => verdictOf(status, code));
  }

  private async send(serviceId: string, records: readonly MeteringRecord[]): Promise<z.infer<typeof ANSWER>> {
    try {
      const { result } = await this.identity.call((headers) =>
        this.client.reportResourceUsage({ resourceId: serviceId, resourceUsage: records.map(toUsage), headers }),
      );
      return ANSWER.parse(result);
    } catch (error) {
      throw new PlatformCallFailed('usage could not be reported', error);
    }
  }
}

function toUsage(record: MeteringRecord): UsageMeteringV4.ResourceInstanceUsage {
  return {
    resource_instance_id: record.crn,
    plan_id: record.planId,
    start: record.startedAt.getTime(),
    end: record.endedAt.getTime(),
    measured_usage: [
      { measure: MEASURES.liveKeys, quantity: record.liveKeys },
      { measure: MEASURES.clientCertificates, quantity: record.clientCertificates },
    ],
  };
}

function verdictOf(status: number, code: string | undefined): UsageVerdict {
  // 409: it has the record from an earlier attempt whose outcome we did not get to note.
  if (status === 409 || (status >= 200 && status < 300)) return { kind: 'accepted' };
  const detail = `${status} ${code ?? ''}`.trim().slice(0, 200);
  return status >= 500 || PASSING.has(status) ? { kind: 'retry', detail } : { kind: 'refused', detail };
}
