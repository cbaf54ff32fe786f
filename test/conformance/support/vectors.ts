import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Where the official vectors lie; they are not ours to publish, so they stand outside the repository. */
export const vectorsDir =
  process.env['KMIP_TESTCASES_DIR'] ?? join(__dirname, '..', '..', '..', '..', 'shared', 'data', 'kmip');

export const hasVectors = existsSync(vectorsDir);

/** Paths below the folder of vectors, sorted, so that a test's name is the same on every machine. */
export function vectorFiles(folder: string, extension: string): readonly string[] {
  const root = join(vectorsDir, folder);
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(extension))
    .map((name) => relative(vectorsDir, join(root, name)))
    .sort();
}

export const vectorPath = (name: string): string => join(vectorsDir, name);

/** `describe` where there are vectors; otherwise a skipped suite, and a line that says why. */
export function describeWithVectors(title: string, body: () => void): void {
  if (hasVectors) {
    describe(title, body);
    return;
  }
  const reason = `skipped: no test vectors in ${vectorsDir}; set KMIP_TESTCASES_DIR`;
  process.stdout.write(`${title}: ${reason}\n`);
  describe.skip(`${title} (${reason})`, () => it('needs vectors', () => undefined));
}
