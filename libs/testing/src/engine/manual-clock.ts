import { type Clock } from '@lib/kernel';

/** Time that moves when a test says so. */
export class ManualClock implements Clock {
  #now: number;
  #monotonic = 0;

  constructor(start: Date = new Date('2026-11-24T12:00:00.000Z')) {
    this.#now = start.getTime();
  }

  now(): Date {
    return new Date(this.#now);
  }

  monotonicMs(): number {
    return this.#monotonic;
  }

  advance(milliseconds: number): void {
    this.#now += milliseconds;
    this.#monotonic += milliseconds;
  }
}
