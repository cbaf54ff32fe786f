import { type Type } from '@nestjs/common';

import { type Environment } from '@lib/config';

import { type Arguments, readArguments, UsageError } from './arguments';

/** Prints what it returns, as JSON. */
export interface Command {
  run(given: Arguments): Promise<unknown>;
}

/** Names of options, with what stands in the help for their value. */
type Options = Readonly<Record<string, string>>;

interface Usage {
  readonly name: string;
  readonly required?: Options;
  readonly optional?: Options;
  /** Taken, and not in the help. */
  readonly obsolete?: readonly string[];
}

/** A line of the table. Its command is loaded when it is asked for, and no other. */
export type CommandEntry = Usage &
  (
    | { readonly inRegion: () => Promise<Type<Command>> }
    | { readonly alone: () => Promise<(environment: Environment, given: Arguments) => Promise<unknown>> }
  );

export interface Invocation {
  readonly entry: CommandEntry;
  readonly given: Arguments;
}

/**
 * @returns what is to be run, or the help that was asked for
 * @throws UsageError for a command or an option that is not in the table, and for one that is missing
 */
export function commandOf(commands: readonly CommandEntry[], words: readonly string[]): Invocation | string {
  const [first = '', second = ''] = words;
  if (first === '--help' || first === 'help') return helpOn(commands);
  const named = second === '' || second.startsWith('-') ? first : `${first} ${second}`;
  const entry = commands.find(({ name }) => name === named);
  if (entry === undefined) throw new UsageError(helpOn(commands));
  const rest = words.slice(named.split(' ').length);
  if (rest.includes('--help')) return helpOn([entry]);
  const { required = {}, optional = {}, obsolete = [] } = entry;
  const options = { required: Object.keys(required), optional: [...Object.keys(optional), ...obsolete] };
  return { entry, given: readArguments(rest, options) };
}

function helpOn(commands: readonly CommandEntry[]): string {
  return ['usage: npm run admin -- COMMAND', ...commands.map((entry) => `  ${lineOf(entry)}`)].join('\n');
}

function lineOf({ name, required = {}, optional = {} }: Usage): string {
  const options = ([option, value]: [string, string]): string => `--${option} ${value}`;
  const ofOptional = Object.entries(optional).map((option) => `[${options(option)}]`);
  return [name, ...Object.entries(required).map(options), ...ofOptional].join(' ');
}
