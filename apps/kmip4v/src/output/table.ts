import { displayWidth, padded, plain, shortened, wrapped } from './plain-text';

/** How a word is coloured where colours are shown. */
export type Tone = 'good' | 'bad' | 'warning' | 'faint';
export type Paint = (text: string, tone: Tone) => string;

export interface Toned {
  readonly text: string;
  readonly tone: Tone;
}

export type Cell = string | number | boolean | undefined | Toned;

/** A title, what stands under it, and whether it is never shortened: identifiers and fingerprints are for copying. */
export type Column<T> = readonly [title: string, of: (item: T) => Cell, whole?: 'whole' | undefined];
export type Columns<T> = readonly Column<T>[];

/** Where text is shown. */
export interface Screen {
  /** Infinity where nobody looks: a pipe or a file is given all of it. */
  readonly width: number;
  readonly paint: Paint;
}

const GAP = 2;
const NARROWEST = 8;

export function textOf(cell: Cell): string {
  const shown = typeof cell === 'object' ? cell.text : cell;
  if (shown === undefined || shown === '') return '-';
  return typeof shown === 'boolean' ? (shown ? 'yes' : 'no') : plain(String(shown));
}

const painted = (text: string, cell: Cell, paint: Paint): string =>
  typeof cell === 'object' ? paint(text, cell.tone) : text;

/** Rows under titles. Where they do not fit, long texts are shortened; where that is not enough, each row is a block. */
export function table<T>(items: readonly T[], columns: Columns<T>, screen: Screen): string {
  const rows = items.map((item) => columns.map(([, of]) => of(item)));
  const wanted = columns.map(([title], index) =>
    Math.max(displayWidth(title), ...rows.map((row) => displayWidth(textOf(row[index])))),
  );
  const widths = fitted(wanted, columns, screen.width);
  if (widths === undefined) {
    return items.map((item) => record(item, columns, screen)).join('\n\n');
  }
  const line = (cells: readonly string[]): string => cells.join(' '.repeat(GAP)).trimEnd();
  const titles = columns.map(([title], index) =>
    padded(shortened(title.toUpperCase(), widths[index] ?? 0), widths[index] ?? 0),
  );
  const lines = rows.map((row) =>
    row.map((cell, index) => {
      const width = widths[index] ?? 0;
      return painted(padded(shortened(textOf(cell), width), width), cell, screen.paint);
    }),
  );
  return [screen.paint(line(titles), 'faint'), ...lines.map(line)].join('\n');
}

/** @returns undefined when they do not fit, however short */
function fitted<T>(wanted: readonly number[], columns: Columns<T>, width: number): readonly number[] | undefined {
  const widths = [...wanted];
  let over = sum(widths) + GAP * (widths.length - 1) - width;
  while (over > 0) {
    const [widest] = widths
      .map((columnWidth, index) => ({ columnWidth, index }))
      .filter(({ columnWidth, index }) => columns[index]?.[2] === undefined && columnWidth > NARROWEST)
      .sort((one, other) => other.columnWidth - one.columnWidth);
    if (widest === undefined) return undefined;
    widths[widest.index] = widest.columnWidth - 1;
    over -= 1;
  }
  return widths;
}

/** One thing: a title and its text on each line. What is longer than the line goes on below. */
export function record<T>(item: T, columns: Columns<T>, { width, paint }: Screen): string {
  const titleWidth = Math.max(...columns.map(([title]) => displayWidth(title)));
  const room = Math.max(NARROWEST, width - titleWidth - GAP);
  const indent = ' '.repeat(titleWidth + GAP);
  return columns
    .map(([title, of]) => {
      const cell = of(item);
      const [first = '', ...rest] = wrapped(textOf(cell), room).map((line) => painted(line, cell, paint));
      return [
        paint(padded(title, titleWidth), 'faint') + ' '.repeat(GAP) + first,
        ...rest.map((line) => indent + line),
      ].join('\n');
    })
    .join('\n');
}

const sum = (numbers: readonly number[]): number => numbers.reduce((one, other) => one + other, 0);
