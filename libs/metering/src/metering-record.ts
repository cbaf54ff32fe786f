import { type InstanceId } from '@lib/kernel';

/** `refused` records are never sent again; their detail says why. */
export type MeteringRecordState = 'pending' | 'accepted' | 'refused';

/** What an instance used in one whole hour (UTC). A fact: once written it does not change. */
export interface MeteringRecord {
  readonly instanceId: InstanceId;
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly crn: string;
  readonly serviceId: string;
  readonly planId: string;
  /** Keys that existed, not destroyed, at some time within the hour. */
  readonly liveKeys: number;
  readonly clientCertificates: number;
}

export interface PendingUsage extends MeteringRecord {
  readonly attempts: number;
}

export const HOUR_MS = 3_600_000;
/** Accepted records are kept this long, for questions about a bill. */
export const KEPT_USAGE_MS = 90 * 24 * HOUR_MS;

export const startOfHour = (date: Date): Date => new Date(Math.floor(date.getTime() / HOUR_MS) * HOUR_MS);
