import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';

export interface ConsoleBuild {
  stop(): void;
}

/** Compiled apps lie in `dist` of the sources, if there are any. */
const ROOT = join(__dirname, '..', '..', '..', '..');
const SCRIPT = join('scripts', 'build-console.mjs');

/** Nobody waits for it: the API serves the console from when it is there. @returns undefined where there are no sources */
export function startConsoleBuild(dataFolder: string, log: (line: string) => void): ConsoleBuild | undefined {
  if (![SCRIPT, join('apps', 'console')].every((path) => existsSync(join(ROOT, path)))) return undefined;
  const logFile = join(dataFolder, 'logs', 'console-build.log');
  const output = openSync(logFile, 'a', 0o600);
  const build = spawn(process.execPath, [SCRIPT, '--if-changed'], {
    cwd: ROOT,
    stdio: ['ignore', output, output],
    // With a group of its own it ends as a whole, the bundler too.
    detached: true,
  });
  closeSync(output);
  let isOver = false;
  build.once('error', () => (isOver = true));
  build.once('exit', (status) => {
    isOver = true;
    if (status !== 0 && status !== null) log(`The web console was not built (see ${logFile}); all else works.`);
  });
  const { pid } = build;
  if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_LOW);
  return {
    stop: () => {
      if (!isOver && pid !== undefined && build.exitCode === null) process.kill(-pid, 'SIGTERM');
    },
  };
}
