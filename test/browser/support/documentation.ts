import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { type Page } from 'playwright-core';

import { type FirstLoad } from './first-load';

const FOLDER = join(process.cwd(), 'docs', 'console');
const README = join(FOLDER, 'README.md');
const PICTURE_LIMIT = 200_000;

/** `UPDATE_DOCS=1` makes the pictures and figures of docs/console anew. */
export const UPDATES_DOCS = process.env['UPDATE_DOCS'] === '1';

/** What the window shows. @throws Error when it is too large to be shown in a README */
export async function takePicture(page: Page, route: string): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const file = join(FOLDER, `${route.replaceAll(/[:]/g, '').replaceAll('/', '-')}.png`);
  await page.screenshot({ path: file, animations: 'disabled' });
  const { size } = statSync(file);
  if (size > PICTURE_LIMIT) throw new Error(`${file} has ${size} bytes`);
}

export function writeFigures(loads: Readonly<Record<string, FirstLoad>>): void {
  const rows = Object.entries(loads).map(
    ([page, { kilobytes, milliseconds }]) => `| ${page} | ${kilobytes} KB | ${(milliseconds / 1000).toFixed(1)} s |`,
  );
  const table = ['| first page opened | over the line | until usable |', '| --- | --- | --- |', ...rows].join('\n');
  const readme = readFileSync(README, 'utf8');
  writeFileSync(README, readme.replace(/(<!-- figures -->\n)[\s\S]*?(<!-- end of figures -->)/, `$1\n${table}\n\n$2`));
}
