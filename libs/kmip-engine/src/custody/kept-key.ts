import { type UniqueIdentifier } from '@lib/kernel';

import { type EngineLogger, type EngineMetrics, type StayReason } from '../ports/engine-ports';

export interface KeptKeyReports {
  readonly logger: EngineLogger;
  readonly metrics?: Pick<EngineMetrics, 'storedKeyKept' | 'custodyAlarm'>;
}

export interface KeptKey {
  readonly uniqueIdentifier: UniqueIdentifier;
  readonly storedKeyId: string;
  readonly why: StayReason;
  /** What the tenant can do about it. */
  readonly remedy?: string;
  readonly cause?: unknown;
}

/** A stored key that should have gone and stays is always said, wherever it was decided. */
export function reportKept({ logger, metrics }: KeptKeyReports, { cause, ...kept }: KeptKey): void {
  metrics?.storedKeyKept?.(kept.why);
  if (kept.why === 'forged') metrics?.custodyAlarm?.('stored_key_forged');
  const fields = cause === undefined ? kept : { ...kept, err: cause };
  logger.warn(fields, 'a stored key stays, as nothing proves that it may be deleted');
}
