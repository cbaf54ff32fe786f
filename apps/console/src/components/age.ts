export interface Age {
  readonly count: number;
  readonly unit: 'second' | 'minute' | 'hour' | 'day' | 'month' | 'year';
}

const SECONDS = { minute: 60, hour: 3600, day: 86_400, month: 2_629_800, year: 31_557_600 } as const;

/** The distance in the largest unit that it has one of; hours up to two days, since a day is long for a certificate. */
export function ageOf(at: Date, now: Date): Age {
  const seconds = Math.round((at.getTime() - now.getTime()) / 1000);
  const size = Math.abs(seconds);
  if (size < SECONDS.minute) return { count: seconds, unit: 'second' };
  if (size < SECONDS.hour) return { count: whole(seconds, SECONDS.minute), unit: 'minute' };
  if (size < 2 * SECONDS.day) return { count: whole(seconds, SECONDS.hour), unit: 'hour' };
  if (size < 2 * SECONDS.month) return { count: whole(seconds, SECONDS.day), unit: 'day' };
  if (size < 2 * SECONDS.year) return { count: whole(seconds, SECONDS.month), unit: 'month' };
  return { count: whole(seconds, SECONDS.year), unit: 'year' };
}

/** Not rounded up: "in 30 days" is not said of what ends in 29 and a half. */
const whole = (seconds: number, unit: number): number => Math.trunc(seconds / unit);
