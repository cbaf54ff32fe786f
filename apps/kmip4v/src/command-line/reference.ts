import { type Command as CommanderCommand, type Option } from 'commander';

/** A command as its help knows it, for completion and for docs/kmip4v.md. */
export interface Described {
  /** Its words, from `kmip4v` on. */
  readonly path: readonly string[];
  readonly about: string;
  /** With what is below it it only groups. */
  readonly below: readonly Described[];
  readonly usage: string;
  readonly arguments: readonly { readonly name: string; readonly about: string; readonly choices: readonly string[] }[];
  readonly options: readonly DescribedOption[];
}

export interface DescribedOption {
  readonly flags: string;
  readonly long: string;
  /** As it may be typed too, e.g. `-o`. */
  readonly short: string | undefined;
  readonly about: string;
  readonly choices: readonly string[];
  readonly isRequired: boolean;
  readonly takesValue: boolean;
}

/** @param command with everything below it loaded */
export function describe(command: CommanderCommand, above: readonly string[] = []): Described {
  const path = [...above, command.name()];
  return {
    path,
    about: command.description(),
    below: command.commands.map((below) => describe(below, path)),
    usage: command
      .usage()
      .replace('[options]', command.options.length === 0 ? '' : '[options]')
      .trim(),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      about: argument.description,
      choices: argument.argChoices ?? [],
    })),
    options: command.options.filter(({ hidden }) => !hidden).map(describeOption),
  };
}

const describeOption = (option: Option): DescribedOption => ({
  flags: option.flags,
  long: option.long ?? option.flags,
  short: option.short,
  about: option.description,
  choices: option.argChoices ?? [],
  isRequired: option.mandatory,
  takesValue: option.required,
});
