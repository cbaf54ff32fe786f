import { type AuditEvent } from '@lib/audit';
import { type CertificateFingerprint } from '@lib/kernel';
import { type DailyUsage, type PendingUsage, type UsageOutcome } from '@lib/metering';
import { type InstanceOperation, type ServiceBinding, type ServiceInstance } from '@lib/service-instances';
import {
  type CertificateClaim,
  type ClientCertificate,
  type FormerCredential,
  type Instance,
  type KmipCredential,
  type RootKeyBinding,
  type SealedCredential,
  type Standing,
} from '@lib/tenancy';

/** Outlives the certificate, and the instance too. */
export interface StandingRow extends Standing {
  readonly accountId: string;
  readonly notAfter: Date;
  readonly removedAt?: Date;
}

/** What a database has of one tenant. Rows are replaced, and never changed. */
export class TenantRows {
  instance: Instance | undefined;
  credential: SealedCredential | undefined;
  /** By binding. */
  readonly formerCredentials = new Map<string, FormerCredential>();
  serviceInstance: ServiceInstance | undefined;
  meteredUntil: Date | undefined;
  readonly certificates = new Map<string, ClientCertificate>();
  readonly standings = new Map<CertificateFingerprint, StandingRow>();
  readonly bindings = new Map<string, RootKeyBinding>();
  readonly claims = new Map<string, CertificateClaim>();
  readonly kmipCredentials = new Map<string, KmipCredential & { readonly createdAt: Date }>();
  readonly operations = new Map<number, InstanceOperation>();
  readonly serviceBindings = new Map<string, ServiceBinding>();
  /** By the start of the hour. */
  readonly usage = new Map<number, PendingUsage & UsageOutcome>();
  readonly days = new Map<string, DailyUsage>();
  audits: readonly AuditEvent[] = [];

  copy(): TenantRows {
    const fields = Object.entries(this).map(([name, rows]: [string, unknown]) => [
      name,
      rows instanceof Map ? new Map(rows) : rows,
    ]);
    const copy = new TenantRows();
    Object.assign(copy, Object.fromEntries(fields));
    return copy;
  }
}

/** Answers as a database does: not before the next turn, and with a rejection rather than an exception. */
export const answered = <T>(work: () => T): Promise<T> => Promise.resolve().then(work);
