const LEAST = 4;
const MAXIMUM_TICKS = 6;

/** Where the axis of a chart ends: with a number that is named, above all values, and never where it begins. */
export function topOf(values: readonly number[]): number {
  const largest = Math.max(LEAST, ...values);
  const step = stepTo(largest);
  return Math.ceil(largest / step) * step;
}

/** The days that are named on the axis: the last one, and as many before it, equally far apart, as can be read. */
export function namedOf(days: readonly Date[]): readonly Date[] {
  const step = Math.max(1, Math.ceil(days.length / MAXIMUM_TICKS));
  return days.filter((_, index) => (days.length - 1 - index) % step === 0);
}

/** The numbers that are named on the axis from 0 to there: whole ones alone, for there are no halves of a key. */
export function wholesUpTo(top: number): readonly number[] {
  const step = stepTo(top);
  return Array.from({ length: Math.floor(top / step) + 1 }, (_, index) => index * step);
}

/** From one named number to the next. */
function stepTo(top: number): number {
  const power = 10 ** Math.floor(Math.log10(top / MAXIMUM_TICKS));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => top / one < MAXIMUM_TICKS);
  return Math.max(1, step ?? 1);
}
