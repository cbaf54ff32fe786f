import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { type Cost, costsReport } from './costs';
import { plot } from './plot';
import { type Result, resultsTable } from './results';

const FOLDER = join('docs', 'performance');
const README = join(FOLDER, 'README.md');
const RESULTS = join(FOLDER, 'results.json');
const PLOT = '![Of each goal, how much is reached](goals.svg)';
/** Between these the page is ours; the rest of it is written by hand. */
const SECTION = /(?<=<!-- bench -->\n)[^]*(?=<!-- \/bench -->)/;

interface Kept {
  readonly results: readonly Result[];
  readonly costs: readonly Cost[];
}

/**
 * Writes `docs/performance/`. What was measured takes the place of what was known of it, and the rest stays: each line
 * says when and where it was measured.
 * @param order names of all lines, in the order of the table
 */
export async function publish(order: readonly string[], measured: Kept): Promise<void> {
  const before = JSON.parse(await readFile(RESULTS, 'utf8').catch(() => '{"results":[],"costs":[]}')) as Kept;
  const results = merged(order, before.results, measured.results);
  const costs = measured.costs.length > 0 ? measured.costs : before.costs;
  await writeFile(RESULTS, JSON.stringify({ results, costs } satisfies Kept));
  await writeFile(join(FOLDER, 'goals.svg'), plot(results));
  const page = await readFile(README, 'utf8');
  const parts = [conditionsOf(results), PLOT, resultsTable(results), costsReport(costs)];
  const section = ['', ...parts, ''].join('\n\n');
  await writeFile(
    README,
    page.replace(SECTION, () => section),
  );
  await promisify(execFile)('npx', ['prettier', '--write', README, RESULTS]);
}

function merged(order: readonly string[], before: readonly Result[], now: readonly Result[]): Result[] {
  const known = new Map([...before, ...now].map((result) => [result.name, result]));
  return order.flatMap((name) => known.get(name) ?? []);
}

function conditionsOf(results: readonly Result[]): string {
  const all = new Map<string, string[]>();
  for (const { conditions, secondsEach, name } of results) {
    const text = `${conditions}, ${secondsEach} s a figure`;
    all.set(text, [...(all.get(text) ?? []), name]);
  }
  if (all.size === 1) return `${[...all.keys()].join('')}.`;
  return [...all].map(([text, names]) => `- ${text}: ${names.join(', ')}`).join('\n');
}
