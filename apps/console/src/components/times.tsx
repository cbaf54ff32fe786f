import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';

import { type Age, ageOf } from './age';
import { regionOf } from '../i18n/language';
import { dayOf } from './day-of';
import { type MomentText, momentText } from './moment-text';
import { useNow } from './now';

interface Times {
  /** Date and time, in the zone of the browser, which is said: whoever compares with a log of another place needs it. */
  readonly moment: (at: Date) => MomentText;
  readonly day: (at: Date) => string;
  readonly time: (at: Date) => string;
  /** "3 minutes ago", "in 2 days". */
  readonly age: (at: Date, now: Date) => string;
  readonly number: (value: number) => string;
}

export function useTimes(): Times {
  const { i18n } = useTranslation();
  const language = i18n.language;
  return useMemo(() => {
    const region = regionOf(language, window.navigator.languages);
    const days = new Intl.DateTimeFormat(region, { dateStyle: 'medium' });
    const times = new Intl.DateTimeFormat(region, { timeStyle: 'medium' });
    const ages = new Intl.RelativeTimeFormat(region, { numeric: 'auto' });
    const numbers = new Intl.NumberFormat(region);
    const inWords = ({ count, unit }: Age): string => ages.format(count, unit);
    return {
      moment: momentText(region),
      day: (at) => days.format(at),
      time: (at) => times.format(at),
      age: (at, now) => inWords(ageOf(at, now)),
      number: (value) => numbers.format(value),
    };
  }, [language]);
}

interface WhenProps {
  readonly at: string | undefined;
  /** Of what did not happen. */
  readonly never?: string;
}

/** How long ago, with the exact instant for who wants it. */
export function When({ at, never }: WhenProps) {
  const { t } = useTranslation();
  const { age, moment } = useTimes();
  const now = useNow();
  if (at === undefined) return <span className="k-quiet">{never ?? t('common.never')}</span>;
  const date = new Date(at);
  return (
    <time dateTime={at} title={`${moment(date).text} (${at})`}>
      {age(date, now)}
    </time>
  );
}

/** The day, where many are compared at a glance. */
export function Day({ at }: { readonly at: string }) {
  const { day, moment } = useTimes();
  return (
    <time dateTime={at} title={`${moment(new Date(at)).text} (${at})`}>
      {day(new Date(at))}
    </time>
  );
}

/** A day of the calendar, the same one wherever it is read; the service counts days in UTC. */
export function CalendarDay({ at }: { readonly at: string }) {
  const { day } = useTimes();
  return <time dateTime={at.slice(0, 10)}>{day(dayOf(at))}</time>;
}

/** The instant first, where dates are compared. A line breaks between day and time alone. */
export function Moment({ at, never }: WhenProps) {
  const { t } = useTranslation();
  const { moment } = useTimes();
  if (at === undefined) return <span className="k-quiet">{never ?? t('common.never')}</span>;
  const { day, time } = moment(new Date(at));
  return (
    <time dateTime={at} title={at} className="k-moment">
      <span>{day}</span> <span>{time}</span>
    </time>
  );
}
