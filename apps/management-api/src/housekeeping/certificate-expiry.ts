import { type AuditSink, type AuditTrail } from '@lib/audit';
import { BoundedMap, type Clock, newCorrelationId } from '@lib/kernel';
import { type DirectoryEntry, listingsOf, type RegionDirectory } from '@lib/tenancy';

/** Days before the end at which an administrator is told, once each. */
export const EXPIRY_NOTICES = [90, 60, 30, 14, 7, 1] as const;

const DAY_MS = 86_400_000;
/** Certificates. */
const REMEMBERED = 200_000;
const ACTION = 'vmware-solutions.certificate.expire';

export interface CertificateExpiryDependencies {
  readonly directory: Pick<RegionDirectory, 'nextListing'>;
  readonly trail: AuditTrail;
  readonly sink: AuditSink;
  readonly clock: Clock;
  /** Certificates of the region that end within so many days; `0`: that have ended. */
  readonly gauge: (withinDays: number, count: number) => void;
}

/** Tells of client certificates that are about to expire: in the audit trail of their instance, and as numbers. */
export class CertificateExpiry {
  /** By certificate, the notice that is in the trail: it is not asked again with each round. */
  readonly #told = new BoundedMap<string, number>(REMEMBERED);

  constructor(private readonly dependencies: CertificateExpiryDependencies) {}

  /** One look at every certificate of the region. Repeatable: a notice that is in the trail is not given again. */
  async round(): Promise<void> {
    const { directory, clock, gauge } = this.dependencies;
    const now = clock.now();
    const counts = new Map<number, number>([...EXPIRY_NOTICES, 0].map((days) => [days, 0]));
    for await (const { current } of listingsOf(directory)) {
      for (const [days, count] of counts) {
        counts.set(days, count + current.filter((entry) => daysLeft(entry, now) < days).length);
      }
      for (const entry of current) await this.#tell(entry, now);
    }
    for (const [days, count] of counts) gauge(days, count);
  }

  async #tell(entry: DirectoryEntry, now: Date): Promise<void> {
    const due = dueNotice(daysLeft(entry, now));
    if (due === undefined || this.#told.get(entry.certificateId) === due) return;
    if (!(await this.#given(entry, due))) await this.#give(entry, due, now);
    this.#told.set(entry.certificateId, due);
  }

  async #given({ instanceId, certificateId }: DirectoryEntry, days: number): Promise<boolean> {
    const records = await this.dependencies.trail.list(instanceId, {
      action: ACTION,
      targetId: certificateId,
      newestFirst: true,
      limit: EXPIRY_NOTICES.length,
    });
    return records.some(({ event }) => Number(event.details?.['noticeDays']) <= days);
  }

  async #give(entry: DirectoryEntry, noticeDays: number, now: Date): Promise<void> {
    const { instanceId, certificateId, certificateName, fingerprint, notAfter } = entry;
    await this.dependencies.sink.record({
      instanceId,
      action: ACTION,
      occurredAt: now,
      initiator: { kind: 'system', component: 'certificate-expiry' },
      outcome: 'success',
      target: { kind: 'certificate', id: certificateId, name: certificateName },
      correlationId: newCorrelationId(),
      observer: 'management-api',
      details: { noticeDays, expiresAt: notAfter.toISOString(), fingerprint },
    });
  }
}

const daysLeft = ({ notAfter }: DirectoryEntry, now: Date): number => (notAfter.getTime() - now.getTime()) / DAY_MS;

/** The nearest notice that has come due; one that was missed meanwhile is not given late. */
const dueNotice = (days: number): number | undefined => [...EXPIRY_NOTICES].reverse().find((notice) => days <= notice);
