const LEAST = 4;
const MAXIMUM_TICKS = 6;

/** Where the axis of a chart ends: above all values, and never where it begins. */
export const topOf = (values: readonly number[]): number => Math.max(LEAST, ...values);

/** The days that are named on the axis: the last one, and as many before it, equally far apart, as can be read. */
export function namedOf(days: readonly Date[]): readonly Date[] {
  const step = Math.max(1, Math.ceil(days.length / MAXIMUM_TICKS));
  return days.filter((_, index) => (days.length - 1 - index) % step === 0);
}

/** The numbers that are named on the axis from 0 to there: whole ones alone, for there are no halves of a key. */
export function wholesUpTo(top: number): readonly number[] {
  const power = 10 ** Math.floor(Math.log10(top / MAXIMUM_TICKS));
  const step = Math.max(
    1,
    ...[1, 2, 5, 10]
      .map((one) => one * power)
      .filter((one) => top / one < MAXIMUM_TICKS)
      .slice(0, 1),
  );
  return Array.from({ length: Math.floor(top / step) + 1 }, (_, index) => index * step);
}
