import { type Type } from '@nestjs/common';

import { type Environment } from '@lib/config';

import { type Arguments } from './arguments';

/** A command of the region: what it returns is printed. */
export interface Command {
  run(given: Arguments): Promise<unknown>;
}

/** Names of options, with what stands in the help for their value. */
type Options = Readonly<Record<string, string>>;

interface Usage {
  readonly name: string;
  readonly about: string;
  readonly required?: Options;
  readonly optional?: Options;
  /** Taken, and not in the help. */
  readonly obsolete?: readonly string[];
}

/** A line of the table. Its command is loaded when it is carried out, and no other. */
export type CommandEntry = Usage &
  (
    | { readonly inRegion: () => Promise<Type<Command>> }
    | { readonly alone: () => Promise<(environment: Environment, given: Arguments) => Promise<unknown>> }
  );
