import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { BEFORE_MONTHS } from '@lib/persistence';
import { type InstanceId } from '@lib/kernel';

import { UsageError } from './arguments';

/** As people write a month: 2026-11. */
export const monthText = (month: number): string =>
  month === BEFORE_MONTHS ? 'before' : `${String(month).slice(0, 4)}-${String(month).slice(4)}`;

/** @throws UsageError */
export function monthOf(text: string): number {
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(text)) throw new UsageError('a month is a year and a month, as 2026-11');
  return Number(text.replace('-', ''));
}

/** @param count how many months later; negative: earlier */
export function monthsAfter(month: number, count: number): number {
  const months = Math.floor(month / 100) * 12 + (month % 100) - 1 + count;
  return Math.floor(months / 12) * 100 + (months % 12) + 1;
}

export const recordsFile = (folder: string, month: number, instanceId: InstanceId): string =>
  join(folder, monthText(month), `${instanceId}.ndjson`);

export const headFile = (folder: string, month: number, instanceId: InstanceId): string =>
  join(folder, monthText(month), `${instanceId}.head.json`);

/** @returns undefined when there is no such file */
export async function sha256Of(file: string): Promise<Buffer | undefined> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return hash.digest();
}

/** The whole file, or none of this name: it lies on the disk before it has it. @returns the SHA-256 of what it holds */
export async function writeLines(file: string, lines: AsyncIterable<string>): Promise<Buffer> {
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.tmp`;
  const hash = createHash('sha256');
  const handle = await open(draft, 'w', 0o600);
  try {
    for await (const line of lines) {
      hash.update(line);
      await handle.appendFile(line);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
  const folder = await open(dirname(file));
  await folder.sync().finally(() => folder.close());
  return hash.digest();
}
