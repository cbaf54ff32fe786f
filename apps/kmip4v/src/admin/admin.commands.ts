import { join } from 'node:path';
import { loadEnvFile } from 'node:process';

import {
  type Command as CliCommand,
  command as cliCommand,
  type Group,
  type OptionSpecs,
} from '../command-line/command';
import { type Context } from '../command-line/context';
import { presented } from '../output/answer';
import { type Arguments, argumentsOf, UsageError } from '../../../management-api/src/cli/arguments';
import { type CommandEntry } from '../../../management-api/src/cli/command';
import { COMMANDS } from '../../../management-api/src/cli/commands';
import { usageFault } from '../command-line/faults';

function nounsOf(entries: readonly CommandEntry[]): readonly (CliCommand | Group)[] {
  const nouns = [...new Set(entries.map(({ name }) => wordsOf(name)[0]))];
  return nouns.map((noun) => {
    const itself = entries.find(({ name }) => name === noun);
    const below = entries.filter(({ name }) => name.startsWith(`${noun} `));
    const own = itself && cliCommandOf(itself, noun, itself.about);
    if (own !== undefined && below.length === 0) return own;
    return {
      name: noun,
      about: own?.about ?? below.map(({ name }) => wordsOf(name)[1]).join(', '),
      commands: below.map((entry) => cliCommandOf(entry, wordsOf(entry.name)[1], entry.about)),
      ...(own !== undefined && { itself: own }),
    };
  });
}

const wordsOf = (name: string): readonly [string, string] => {
  const [noun = '', verb = ''] = name.split(' ');
  return [noun, verb];
};

/** Which instance is asked by an option of all commands. */
const INSTANCE = 'instance';

function cliCommandOf(entry: CommandEntry, name: string, about: string): CliCommand {
  const { required = {}, optional = {}, obsolete = [] } = entry;
  const details = INSTANCE in required ? 'Needs --instance ID.' : undefined;
  const options: OptionSpecs = Object.fromEntries(
    [
      ...Object.entries(required).map(([option, placeholder]) => spec(option, { placeholder, required: true })),
      ...Object.entries(optional).map(([option, placeholder]) => spec(option, { placeholder })),
      ...obsolete.map((option) => spec(option, { placeholder: 'VALUE', hidden: true })),
    ].filter(([option]) => option !== INSTANCE),
  );
  return cliCommand({
    name,
    about,
    ...(details !== undefined && { details }),
    options,
    run: async (given, context) => {
      try {
        await carryOut(entry, givenTo(entry, given, context), context);
      } catch (error) {
        throw error instanceof UsageError ? usageFault(error.message) : error;
      }
      return undefined;
    },
  });
}

type Spec = OptionSpecs[string];

const spec = (option: string, more: Partial<Spec>): readonly [string, Spec] => [
  camel(option),
  { kind: 'value', about: '', ...more },
];

const camel = (option: string): string => option.replace(/-(.)/g, (_all, letter: string) => letter.toUpperCase());

/** @throws CommandFault without the instance that it is about, and for one that it is not */
function givenTo(
  { name: command, required = {}, optional = {}, obsolete = [] }: CommandEntry,
  given: Readonly<Record<string, unknown>>,
  { shared }: Pick<Context, 'shared'>,
): Arguments {
  const { typedInstance: instance } = shared;
  if (INSTANCE in required && instance === undefined) throw usageFault('--instance ID is missing');
  if (instance !== undefined && !(INSTANCE in { ...required, ...optional })) {
    throw usageFault(`unknown option '--instance': ${command} is of no instance`);
  }
  const names = [...Object.keys({ ...required, ...optional }), ...obsolete];
  const values = names.map((name) => [name, name === INSTANCE ? instance : given[camel(name)]] as const);
  // The parser has read them as texts.
  return argumentsOf(Object.fromEntries(values) as Record<string, string | undefined>);
}

/** Settings and region are loaded by who needs them. */
async function carryOut(
  entry: CommandEntry,
  given: Arguments,
  { out, checkout, env, changes }: Context,
): Promise<void> {
  loadSettings(checkout, env);
  changes();
  const { readEnvironment } = await import('@lib/config');
  if ('alone' in entry) {
    const run = await entry.alone();
    await out.answer(presented(await run(readEnvironment(), given)));
    return;
  }
  const { readAdminConfig } = await import('../../../management-api/src/cli/admin.config.js');
  const config = readAdminConfig(readEnvironment());
  const [command, { runInRegion }] = [
    await entry.inRegion(),
    await import('../../../management-api/src/cli/run-in-region.js'),
  ];
  await runInRegion(command, config, given, (value) => out.answer(presented(value)));
}

/** What `npm start` wrote for the operator, unless the environment names a database: settings of two services are never mixed. */
function loadSettings(checkout: string | undefined, env: Context['env']): void {
  const folder = env['DATA_DIR'] ?? (checkout === undefined ? undefined : join(checkout, '.data'));
  if (folder === undefined || env['DATABASE_URL'] !== undefined || env['DATABASE_URL_FILE'] !== undefined) return;
  try {
    loadEnvFile(join(folder, 'service.env'));
  } catch {
    // Not started here: what is missing is said by its name.
  }
}

/** The operator's commands, as nouns with their verbs. */
export const adminCommands: readonly (CliCommand | Group)[] = nounsOf(COMMANDS);
