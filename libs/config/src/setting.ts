import { type z } from 'zod';

/** How a variable's text becomes a value. Faults print `expected` and never the text, which may be a secret. */
export interface SettingType<T> {
  readonly schema: z.ZodType<T, string>;
  /** Completes "must be …". */
  readonly expected: string;
  /** Values of this type are wrapped in Secret and have no default. */
  readonly secret?: boolean;
}

export interface SettingDocumentation {
  /** What the value means, unit included. */
  readonly meaning: string;
  /** What follows from choosing it well or badly. */
  readonly consequence: string;
}

/** One environment variable of a process. */
export interface Setting<T> extends SettingDocumentation {
  readonly variable: string;
  readonly type: SettingType<T>;
  /** Text used when the variable is unset or empty. */
  readonly fallback?: string;
  readonly presence: 'required' | 'optional';
}

/** The variables of one process, by the name its code uses. */
export type ConfigSchema = Readonly<Record<string, Setting<unknown>>>;

export type ConfigOf<S extends ConfigSchema> = {
  readonly [Field in keyof S]: S[Field] extends Setting<infer T> ? T : never;
};

/** A variable without default: the process does not start without it. */
export function required<T>(variable: string, type: SettingType<T>, documentation: SettingDocumentation): Setting<T> {
  return { variable, type, presence: 'required', ...documentation };
}

/** A variable that may be left out and is then undefined. */
export function optional<T>(
  variable: string,
  type: SettingType<T>,
  documentation: SettingDocumentation,
): Setting<T | undefined> {
  return { variable, type, presence: 'optional', ...documentation };
}

/** A variable with a default, written as one would write it in the environment. */
export function defaulted<T>(
  variable: string,
  type: SettingType<T>,
  fallback: string,
  documentation: SettingDocumentation,
): Setting<T> {
  return { variable, type, fallback, presence: 'required', ...documentation };
}
