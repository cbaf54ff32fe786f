import '@lib/hardening';
import 'reflect-metadata';

import { parseConfig, readEnvironment } from '@lib/config';
import { DomainError } from '@lib/kernel';
import { createLogger } from '@lib/observability';
import { Region } from '@lib/platform';

import { type Options, readArguments, UsageError } from './cli/arguments';
import { adminConfig, type AdminConfig } from './cli/admin.config';
import { auditKeyCommand } from './cli/audit-head-commands';
import { commands, USAGE } from './cli/commands';
import { migrate, migrationsOf, revertMigration } from './cli/migrate';

/** Whoever gives one means something that would not be done. */
const NO_OPTIONS: Options = { required: [] };

/** The operator's command line: `npm run admin -- instance list`. Prints one JSON value; faults go to standard error. */
async function main(): Promise<void> {
  const [group = '', verb = '', ...rest] = process.argv.slice(2);
  const config = parseConfig(adminConfig, readEnvironment());
  if (group === 'migrate') {
    print(await migrateBy(verb, rest, config));
    return;
  }
  if (group === 'audit-key') {
    readArguments(rest, NO_OPTIONS);
    print(await auditKeyCommand(verb, config));
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

/** Asks the database as its owner: no service of the region is needed for it, nor may be there yet. */
async function migrateBy(verb: string, rest: readonly string[], config: AdminConfig): Promise<object> {
  if (verb === 'revert') {
    return await revertMigration(config, readArguments(rest, { required: ['confirm'] }).get('confirm'));
  }
  if (verb !== '' && verb !== 'status') throw new UsageError(USAGE);
  readArguments(rest, NO_OPTIONS);
  return verb === '' ? await migrate(config) : await migrationsOf(config);
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
