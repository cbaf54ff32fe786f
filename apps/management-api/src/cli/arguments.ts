import { parseArgs } from 'node:util';

import { tidyPasted } from '@lib/kernel';

/** The command line was not understood; the message says how it is used. */
export class UsageError extends Error {}

export interface Options {
  readonly required: readonly string[];
  readonly optional?: readonly string[];
}

export interface Arguments {
  get(name: string): string;
  find(name: string): string | undefined;
}

/** @throws UsageError that names every option that is missing or unknown */
export function readArguments(args: readonly string[], { required, optional = [] }: Options): Arguments {
  const names = [...required, ...optional];
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  let values: Partial<Record<string, string>>;
  try {
    values = parseArgs({ args: [...args], options, strict: true }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const missing = required.filter((name) => values[name] === undefined);
  if (missing.length > 0) throw new UsageError(`missing: ${missing.map((name) => `--${name}`).join(', ')}`);
  const find = (name: string): string | undefined => {
    const value = values[name];
    return value === undefined ? undefined : tidyPasted(value);
  };
  return { get: (name) => find(name) ?? '', find };
}

/** @throws UsageError for anything but `true` and `false` */
export function isSet(given: Arguments, name: string): boolean {
  const value = given.find(name) ?? 'false';
  if (value !== 'true' && value !== 'false') throw new UsageError(`--${name} is true or false`);
  return value === 'true';
}
