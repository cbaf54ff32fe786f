import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Debian's own interpreter: a python3 first on PATH may be another one that does not see Debian's packages. */
const PYTHON = '/usr/bin/python3';

/** Why PyKMIP cannot be used here, or undefined when it can. */
export async function pykmipMissing(): Promise<string | undefined> {
  if (!existsSync(PYTHON)) return `${PYTHON} is missing`;
  try {
    await run(PYTHON, ['-c', 'import kmip']);
    return undefined;
  } catch {
    return 'PyKMIP is missing: install the Debian package python3-pykmip (scripts/setup-debian.sh)';
  }
}

/** Runs a script of this folder and reads the JSON object it prints. */
export async function runPykmip<T>(script: string, args: readonly string[]): Promise<T> {
  const { stdout } = await run(PYTHON, [join(process.cwd(), 'test', 'interop', 'support', script), ...args], {
    timeout: 60_000,
  });
  return JSON.parse(stdout) as T;
}
