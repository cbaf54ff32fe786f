import UsageMeteringV4 from '@ibm-cloud/platform-services/usage-metering/v4';
import { type MeteringRecord, type UsageReporter, type UsageVerdict } from '@lib/tenancy';
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

/** IBM Cloud's usage metering. A 202 says nothing yet: every record is judged by itself. */
export class PlatformUsageReporter implements UsageReporter {
  private readonly client: UsageMeteringV4;

  constructor(
    serviceUrl: string,
    private readonly identity: ServiceIdentity,
  ) {
    this.client = new UsageMeteringV4(clientOptions(serviceUrl));
  }

  async report(serviceId: string, records: readonly MeteringRecord[]): Promise<readonly UsageVerdict[]> {
    const { resources } = await this.send(serviceId, records);
    if (resources.length !== records.length) {
      throw new PlatformCallFailed('the metering service did not judge every record', undefined);
    }
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
