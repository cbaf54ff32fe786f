import { parseArgs } from 'node:util';

import { type Arguments, argumentsOf } from './arguments';
import { type CommandEntry } from './command';
import { COMMANDS } from './commands';

/** A line as the operator types it after `kmip4v admin`: the command, and what it is given. @throws Error for what it does not take */
export function askedLine(line: string): { readonly entry: CommandEntry; readonly given: Arguments } {
  const entry = COMMANDS.filter(({ name }) => `${line} `.startsWith(`${name} `)).at(-1);
  if (entry === undefined) throw new Error(`there is no command ${line}`);
  const { name, required = {}, optional = {} } = entry;
  const options = Object.fromEntries(
    Object.keys({ ...required, ...optional }).map((option) => [option, { type: 'string' as const }]),
  );
  const { values } = parseArgs({ args: line.split(' ').slice(name.split(' ').length), options, strict: true });
  const missing = Object.keys(required).filter((option) => values[option] === undefined);
  if (missing.length > 0) throw new Error(`missing: ${missing.map((option) => `--${option}`).join(', ')}`);
  return { entry, given: argumentsOf(values) };
}
