import { type Answer } from '../output/answer';
import { type Context } from './context';

/** An option: what stands in the help for its value, and what it is for. */
interface OptionSpec {
  readonly kind: 'value' | 'flag' | 'list';
  readonly about: string;
  /** In the help, for the value. */
  readonly placeholder?: string;
  readonly required?: boolean;
  readonly choices?: readonly string[];
  /** Taken, and not in the help. */
  readonly hidden?: boolean;
}

interface ArgumentSpec {
  readonly about: string;
  readonly presence: 'required' | 'optional' | 'several' | 'any';
  readonly choices?: readonly string[];
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;
export type ArgumentSpecs = Readonly<Record<string, ArgumentSpec>>;

/** `--name VALUE`, may be left out. */
export const value = (placeholder: string, about: string) => ({ kind: 'value', placeholder, about }) as const;
/** `--name VALUE`, must be given. */
export const needed = (placeholder: string, about: string) =>
  ({ kind: 'value', placeholder, about, required: true }) as const;
/** `--name`. */
export const flag = (about: string) => ({ kind: 'flag', about }) as const;
/** `--name VALUE`, as often as one likes. */
export const list = (placeholder: string, about: string) => ({ kind: 'list', placeholder, about }) as const;
/** `--name WORD`, one of these. */
export const choice = <const C extends readonly string[]>(choices: C, about: string) =>
  ({ kind: 'value', choices, placeholder: 'WORD', about }) as const;

export const argument = (about: string) => ({ about, presence: 'required' }) as const;
/** One of these. */
export const wordArgument = <const C extends readonly string[]>(choices: C, about: string) =>
  ({ about, presence: 'required', choices }) as const;
export const optionalArgument = (about: string) => ({ about, presence: 'optional' }) as const;
/** One or more. */
export const argumentList = (about: string) => ({ about, presence: 'several' }) as const;

type NoSpecs = Readonly<Record<string, never>>;

type OptionValue<S extends OptionSpec> = S['kind'] extends 'flag'
  ? boolean
  : S['kind'] extends 'list'
    ? readonly string[]
    : S extends { readonly choices: readonly (infer C)[] }
      ? C | undefined
      : S extends { readonly required: true }
        ? string
        : string | undefined;

type ArgumentValue<S extends ArgumentSpec> = S extends { readonly choices: readonly (infer C)[] }
  ? C
  : S['presence'] extends 'required'
    ? string
    : S['presence'] extends 'optional'
      ? string | undefined
      : readonly string[];

/** What was given, by the names in the definition. */
export type Given<A extends ArgumentSpecs, O extends OptionSpecs> = {
  readonly [N in keyof A]: ArgumentValue<A[N]>;
} & { readonly [N in keyof O]: OptionValue<O[N]> };

interface Description {
  readonly name: string;
  /** One line, as in lists of commands. */
  readonly about: string;
  /** What else has to be known, below the options. */
  readonly details?: string;
}

interface Definition<A extends ArgumentSpecs, O extends OptionSpecs> extends Description {
  readonly arguments?: A;
  readonly options?: O;
  /** @returns what is printed; nothing where it has printed by itself */
  run(given: Given<A, O>, context: Context): Promise<Answer | undefined>;
}

/** A command: what it asks, and how its answer is shown. */
export interface Command extends Description {
  readonly arguments: ArgumentSpecs;
  readonly options: OptionSpecs;
  run(given: Readonly<Record<string, unknown>>, context: Context): Promise<Answer | undefined>;
}

export const command = <A extends ArgumentSpecs = NoSpecs, O extends OptionSpecs = NoSpecs>(
  definition: Definition<A, O>,
): Command => ({
  ...definition,
  arguments: definition.arguments ?? {},
  options: definition.options ?? {},
  // The parser reads what the definition describes: from here on the two agree.
  run: (given, context) => definition.run(given as Given<A, O>, context),
});

/** A line of the table: a noun with its commands, or a command by itself. Loaded when it is asked for. */
export type Entry = { readonly name: string; readonly about: string } & (
  { readonly commands: () => Promise<readonly (Command | Group)[]> } | { readonly command: () => Promise<Command> }
);

/** A noun below a noun, e.g. `admin instance`. */
export interface Group extends Description {
  readonly commands: readonly Command[];
  /** What it does without another word. */
  readonly itself?: Command;
}
