import '@lib/hardening';

import { DomainError } from '@lib/kernel';

import { UsageError } from './cli/arguments';
import { commandOf, type Invocation } from './cli/command';
import { COMMANDS } from './cli/commands';

/** The operator's command line: `npm run admin -- instance list`. Prints one JSON value; faults go to standard error. */
async function main(): Promise<void> {
  const asked = commandOf(COMMANDS, process.argv.slice(2));
  if (typeof asked === 'string') process.stdout.write(`${asked}\n`);
  else await carryOut(asked);
}

/** Settings and region are loaded by who needs them: help and mistakes are answered without. */
async function carryOut({ entry, given }: Invocation): Promise<void> {
  const { readEnvironment } = await import('@lib/config');
  if ('alone' in entry) {
    const run = await entry.alone();
    print(await run(readEnvironment(), given));
    return;
  }
  const { readAdminConfig } = await import('./cli/admin.config.js');
  const config = readAdminConfig(readEnvironment());
  const [command, { runInRegion }] = [await entry.inRegion(), await import('./cli/run-in-region.js')];
  await runInRegion(command, config, given, print);
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value ?? {}, null, 2)}\n`, (error) => {
    if (!error) return;
    process.stderr.write(`The command was carried out, but its result could not be written: ${error.message}\n`);
    process.exitCode = 1;
  });
}

main().catch((error: unknown) => {
  const readable = error instanceof DomainError || error instanceof UsageError;
  process.stderr.write(`${readable ? error.message : `unexpected error: ${String(error)}`}\n`);
  process.exitCode = 1;
});
