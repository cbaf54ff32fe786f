const LEAST = 4;
const MAXIMUM_TICKS = 6;

/** Where the axis of a chart ends: above all values, and never where it begins. */
export const topOf = (values: readonly number[]): number => Math.max(LEAST, ...values);

/** The days that are named on the axis: the last one, and as many before it, equally far apart, as can be read. */
export function namedOf(days: readonly Date[]): readonly Date[] {
  const step = Math.max(1, Math.ceil(days.length / MAXIMUM_TICKS));
  return days.filter((_, index) => (days.length - 1 - index) % step === 0);
}
