import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Beside the sources, also when the compiled program runs: it runs from the repository's root. */
const FOLDER = join(process.cwd(), 'test', 'fuzz', 'corpus');

/** Inputs that each reach something which no other one reaches, by the target they are for. */
export function readCorpus(target: string): readonly Buffer[] {
  return readdirSync(join(FOLDER, target))
    .toSorted()
    .map((name) => readFileSync(join(FOLDER, target, name)));
}

/** @returns the file's name, which is its content's hash */
export function keep(target: string, input: Buffer): string {
  const name = createHash('sha256').update(input).digest('hex').slice(0, 16);
  mkdirSync(join(FOLDER, target), { recursive: true });
  writeFileSync(join(FOLDER, target, name), input);
  return join('test', 'fuzz', 'corpus', target, name);
}
