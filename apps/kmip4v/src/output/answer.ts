import { plainLines } from './plain-text';
import { type Cell, type Columns, record, type Screen, table, textOf } from './table';

/** What a command found out: for programs as it is, for people as text. */
export interface Answer {
  /** Printed with `--output json` and `yaml`. Of the tenant API's resources: just as the API shows them. */
  readonly value: unknown;
  readonly text: (screen: Screen) => string;
}

/** Many things of a kind. @param none said where there are none */
export const listed = <T>(items: readonly T[], columns: Columns<T>, none: string): Answer => ({
  value: items,
  text: (screen) => (items.length === 0 ? none : table(items, columns, screen)),
});

/** One thing. */
export const shown = <T>(item: T, fields: Columns<T>): Answer => ({
  value: item,
  text: (screen) => record(item, fields, screen),
});

/** Something was done. The text may repeat names that are not ours. */
export const told = (text: string, value: unknown = {}): Answer => ({ value, text: () => plainLines(text) });

/** Several answers on one screen, each under its title. */
export const together = (value: unknown, parts: readonly (readonly [title: string, answer: Answer])[]): Answer => ({
  value,
  text: (screen) =>
    parts.map(([title, answer]) => (title === '' ? '' : `${title}\n`) + answer.text(screen)).join('\n\n'),
});

/** Whatever it is: objects in a list are rows, one is a title and a text a line, and what it has of its own stands below. */
export function presented(value: unknown): Answer {
  if (isRows(value)) {
    const titles = [...new Set(value.flatMap((item) => Object.keys(item)))];
    return { ...listed(value, titles.map(column), 'None.'), value };
  }
  if (!isRecord(value)) return told(typeof value === 'string' ? value : JSON.stringify(value ?? {}), value);
  const fields = Object.entries(value);
  const below = fields.filter(([, field]) => isRecord(field) || (isRows(field) && field.length > 0));
  const beside = fields.filter((field) => !below.includes(field)).map(([title]) => column(title));
  const own = beside.length === 0 ? [] : [['', shown(value, beside)] as const];
  return together(value, [...own, ...below.map(([title, field]) => [title, presented(field)] as const)]);
}

type Fields = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

const isRows = (value: unknown): value is readonly Fields[] => Array.isArray(value) && value.every(isRecord);

const column = (title: string) =>
  [title, (item: Fields): Cell => cellOf(item[title]), /id$|crn/i.test(title) ? 'whole' : undefined] as const;

function cellOf(value: unknown): Cell {
  if (value === undefined || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map((item) => textOf(cellOf(item))).join(', ');
  if (!isRecord(value)) return JSON.stringify(value);
  return Object.entries(value)
    .map(([title, field]) => `${title}: ${textOf(cellOf(field))}`)
    .join(', ');
}
