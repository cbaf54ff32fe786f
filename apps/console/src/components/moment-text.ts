export interface MomentText {
  readonly day: string;
  /** With the zone. */
  readonly time: string;
  readonly text: string;
}

/** What is said first of the time of day: some languages name the zone before it. */
const TIME_BEGINS: readonly Intl.DateTimeFormatPartTypes[] = ['hour', 'dayPeriod', 'timeZoneName'];

/** Day and time as the region writes them, apart, so that a line can break between them. */
export function momentText(region: string, timeZone?: string): (at: Date) => MomentText {
  const format = new Intl.DateTimeFormat(region, {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
    ...(timeZone !== undefined && { timeZone }),
  });
  return (at) => {
    const parts = format.formatToParts(at);
    const begins = parts.findIndex(({ type }) => TIME_BEGINS.includes(type));
    const join = (some: readonly Intl.DateTimeFormatPart[]): string =>
      some
        .map(({ value }) => value)
        .join('')
        .trim();
    const [day, time] = [join(parts.slice(0, begins)), join(parts.slice(begins))];
    return { day, time, text: `${day} ${time}` };
  };
}
