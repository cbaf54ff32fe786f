import { FaultPlan, type StoreFaultOptions } from './fault-plan';

/** What every part of the catalog in memory has: records that can be put back, and methods that can be made to fail. */
export abstract class InMemoryRecords<Key, Entry extends object, Method extends string> {
  protected readonly records = new Map<Key, Entry>();
  protected readonly faults = new FaultPlan<Method>();

  failNext(method: Method, options?: StoreFaultOptions): void {
    this.faults.failNext(method, options);
  }

  recover(): void {
    this.faults.recover();
  }

  /** @returns how to put the records back to what they are now */
  backup(): () => void {
    const kept = [...this.records].map(([key, entry]) => [key, { ...entry }] as const);
    return () => {
      this.records.clear();
      for (const [key, entry] of kept) this.records.set(key, { ...entry });
    };
  }
}
