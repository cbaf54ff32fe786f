/**
 * A day of the calendar in UTC, as the same day here: west of Greenwich its first instant is still the evening before.
 */
export function dayOf(at: string): Date {
  const utc = new Date(at);
  return new Date(utc.getUTCFullYear(), utc.getUTCMonth(), utc.getUTCDate());
}
