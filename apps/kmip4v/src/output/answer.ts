import { type Columns, record, type Screen, table } from './table';

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

/** Something was done. */
export const told = (text: string, value: unknown = {}): Answer => ({ value, text: () => text });

/** Several answers on one screen, each under its title. */
export const together = (value: unknown, parts: readonly (readonly [title: string, answer: Answer])[]): Answer => ({
  value,
  text: (screen) =>
    parts.map(([title, answer]) => (title === '' ? '' : `${title}\n`) + answer.text(screen)).join('\n\n'),
});
