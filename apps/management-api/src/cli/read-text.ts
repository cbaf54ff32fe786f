import { readFile } from 'node:fs/promises';

import { decodeTextFile } from '@lib/kernel';

import { UsageError } from './arguments';

/** @throws UsageError that names the file and nothing in it */
export async function readText(file: string): Promise<string> {
  try {
    return decodeTextFile(await readFile(file));
  } catch {
    throw new UsageError(`the file ${file} cannot be read`);
  }
}
