import { tidyPasted } from '@lib/kernel';

/** What was given cannot be worked with; the message says why. */
export class UsageError extends Error {}

export interface Arguments {
  get(name: string): string;
  find(name: string): string | undefined;
}

/** @param values by the names of the options, as on the command line: `root-key` */
export function argumentsOf(values: Readonly<Record<string, string | undefined>>): Arguments {
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
