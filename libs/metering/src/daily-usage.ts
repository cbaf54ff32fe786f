import { type InstanceId } from '@lib/kernel';

/** What an instance had on one day (UTC), at most. */
export interface DailyUsage {
  /** `2026-11-23`. */
  readonly day: string;
  readonly liveKeys: number;
  readonly certificates: number;
}

export interface DailyUsages {
  /** Latest first; `from` and `before` and `after` are days. */
  list(
    instanceId: InstanceId,
    page: { readonly from?: string; readonly before?: string; readonly after?: string; readonly limit: number },
  ): Promise<readonly DailyUsage[]>;
  find(instanceId: InstanceId, day: string): Promise<DailyUsage | undefined>;
  /** Measures every instance of the region for this day; the largest measurement of a day stays. */
  measure(day: string): Promise<void>;
}
