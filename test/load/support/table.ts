import { availableParallelism, cpus } from 'node:os';

import { type Figure } from './measure';

/** What a figure means nothing without. */
export const conditions = (): string =>
  `${new Date().toISOString().slice(0, 10)}, ${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.version}`;

/** Markdown, to be pasted into README.md. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

export function figuresTable(figures: readonly Figure[]): string {
  const roles = Object.keys(figures[0]?.cpuMicroseconds ?? {}).filter((role) => role !== 'management-api');
  const head = ['operation', 'connections', 'per second', 'p50 ms', 'p99 ms', ...roles.map((role) => `µs ${role}`)];
  return table(
    head,
    figures.map(({ what, connections, perSecond, p50Ms, p99Ms, cpuMicroseconds }) => [
      what,
      String(connections),
      perSecond.toFixed(0),
      p50Ms.toFixed(1),
      p99Ms.toFixed(1),
      ...roles.map((role) => (cpuMicroseconds[role] ?? 0).toFixed(0)),
    ]),
  );
}
