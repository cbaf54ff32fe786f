import '@lib/hardening';
import 'reflect-metadata';

import { parseConfig, readEnvironment } from '@lib/config';
import { DomainError } from '@lib/kernel';
import { createLogger } from '@lib/observability';
import { Region } from '@lib/platform';

import { readArguments, UsageError } from './cli/arguments';
import { adminConfig } from './cli/admin.config';
import { commands, USAGE } from './cli/commands';
import { migrate } from './cli/migrate';

/** The operator's command line: `npm run admin -- instance list`. Prints one JSON value; faults go to standard error. */
async function main(): Promise<void> {
  const [group = '', verb = '', ...rest] = process.argv.slice(2);
  const config = parseConfig(adminConfig, readEnvironment());
  if (group === 'migrate') {
    print(await migrate(config));
    return;
  }
  const command = commands.get(`${group} ${verb}`);
  if (command === undefined) throw new UsageError(USAGE);
  const given = readArguments(rest, command.options);
  const logger = createLogger({ level: 'silent', name: 'admin' });
  const region = await Region.open(config, { applicationName: 'kmip-admin', role: 'api' }, logger);
  try {
    print(await command.run(region, given, config));
  } finally {
    await region.close();
  }
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
