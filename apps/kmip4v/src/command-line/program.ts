import { Argument, Command as CommanderCommand, InvalidArgumentError, Option } from 'commander';

import { FORMATS } from '../output/output';
import { type ArgumentSpecs, type Command, type Entry, type Group, type OptionSpecs } from './command';
import { EXIT_MEANINGS } from './exit-codes';

/** A command that was asked for, with what it was given. */
export interface Invocation {
  readonly command: Command;
  readonly given: Readonly<Record<string, unknown>>;
  /** Of all commands. */
  readonly shared: Readonly<Record<string, string | undefined>>;
}

export interface ProgramOptions {
  readonly version: string;
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
  readonly invoked: (invocation: Invocation) => Promise<void>;
}

const EXIT_CODES = Object.entries(EXIT_MEANINGS)
  .map(([code, meaning]) => `  ${code}  ${meaning}`)
  .join('\n');

/**
 * The program as commander knows it. Of the table only the nouns in `words` are loaded; the others are in the help by
 * their names. @param words of the command line; `undefined` loads all, for a reference or completion
 */
export async function programOf(
  tree: readonly Entry[],
  words: readonly string[] | undefined,
  options: ProgramOptions,
): Promise<CommanderCommand> {
  const program = new CommanderCommand('kmip4v')
    .description(
      'Command line of KMIP for VMware: what a tenant, and what an administrator of vCenter, does with the service.',
    )
    .version(options.version)
    .exitOverride()
    .configureOutput({ writeOut: options.writeOut, writeErr: options.writeErr })
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(--help behind the command shows how it is used)')
    .addOption(
      new Option('-o, --output <FORMAT>', 'how answers are printed')
        .choices(FORMATS)
        .env('KMIP4V_OUTPUT')
        .default('table'),
    )
    .addOption(new Option('--instance <INSTANCE>', 'identifier, name or CRN of the instance').env('KMIP4V_INSTANCE'))
    .addOption(new Option('--profile <NAME>', 'profile to use instead of the current one').env('KMIP4V_PROFILE'))
    .addOption(new Option('--connection <FILE>', 'connection.json of a running demo').env('KMIP4V_CONNECTION'))
    .addOption(
      new Option('--role <ROLE>', "which of the demo's users asks (with a connection file)").env('KMIP4V_ROLE'),
    )
    .addHelpText('after', `\nExit status:\n${EXIT_CODES}`);
  for (const entry of tree) {
    const isWanted = words === undefined || words.includes(entry.name);
    if (!isWanted) program.command(entry.name).description(entry.about);
    else if ('command' in entry) add(program, await entry.command(), options);
    else {
      const noun = program.command(entry.name).description(entry.about);
      for (const below of await entry.commands()) add(noun, below, options);
    }
  }
  return program;
}

/** commander's own `help` looks one level deep: `help key list` is `key list --help`. */
export const helpAsOption = (words: readonly string[]): readonly string[] =>
  words[0] === 'help' ? [...words.slice(1), '--help'] : words;

function add(parent: CommanderCommand, definition: Command | Group, options: ProgramOptions): void {
  const command = parent.command(definition.name).description(definition.about);
  if (definition.details !== undefined) command.addHelpText('after', `\n${definition.details}`);
  if ('commands' in definition) {
    for (const below of definition.commands) add(command, below, options);
    if (definition.itself !== undefined) carries(command, definition.itself, options);
  } else carries(command, definition, options);
}

function carries(command: CommanderCommand, definition: Command, options: ProgramOptions): void {
  addArguments(command, definition.arguments);
  addOptions(command, definition.options);
  const names = Object.keys(definition.arguments);
  command.action(async (...all: unknown[]) => {
    const values = names.map((name, index) => [name, all[index]] as const);
    const own = command.opts<Record<string, unknown>>();
    const given = { ...Object.fromEntries(values), ...withFlags(definition.options, own) };
    await options.invoked({ command: definition, given, shared: sharedOf(command) });
  });
}

/** What was not given is absent; a flag or a list is never. */
const withFlags = (specs: OptionSpecs, own: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(specs).map(([name, { kind }]) => {
      const empty = kind === 'flag' ? false : kind === 'list' ? [] : undefined;
      return [name, own[name] ?? empty];
    }),
  );

const sharedOf = (command: CommanderCommand): Record<string, string | undefined> => {
  let root = command;
  while (root.parent !== null) root = root.parent;
  const all = root.opts<Record<string, string | undefined>>();
  return { ...all, typedInstance: root.getOptionValueSource('instance') === 'cli' ? all['instance'] : undefined };
};

function addArguments(command: CommanderCommand, specs: ArgumentSpecs): void {
  for (const [name, { about, presence, choices }] of Object.entries(specs)) {
    const word = name.toUpperCase();
    const marked =
      presence === 'required'
        ? `<${word}>`
        : presence === 'several'
          ? `<${word}...>`
          : presence === 'any'
            ? `[${word}...]`
            : `[${word}]`;
    const argument = new Argument(marked, about);
    command.addArgument(choices === undefined ? argument : argument.choices(choices));
  }
}

function addOptions(command: CommanderCommand, specs: OptionSpecs): void {
  for (const [name, spec] of Object.entries(specs)) {
    const long = `--${kebab(name)}`;
    const option = new Option(spec.kind === 'flag' ? long : `${long} <${spec.placeholder ?? 'VALUE'}>`, spec.about);
    if (spec.choices !== undefined) option.choices(spec.choices);
    if (spec.required === true) option.makeOptionMandatory();
    if (spec.hidden === true) option.hideHelp();
    if (spec.kind === 'list') option.argParser(collected);
    else if (spec.kind === 'value' && spec.choices === undefined) option.argParser(once(long));
    command.addOption(option);
  }
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const collected = (text: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), text];

/** The last of two would win in silence. */
const once =
  (long: string) =>
  (text: string, before: string | undefined): string => {
    if (before !== undefined) throw new InvalidArgumentError(`${long} is given twice.`);
    return text;
  };
