import { readFileSync } from 'node:fs';

import { decodeTextFile, tidyPasted } from '@lib/kernel';

import { ConfigError, type ConfigFault } from './config.error';
import { type ConfigOf, type ConfigSchema, type Setting } from './setting';

/** Behind the name of a secret's variable: the file that holds it. */
const IN_FILE = '_FILE';

/** Variables as they are, before anything is judged. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of this process; nothing else in the product reads `process.env`. */
export function readEnvironment(): Environment {
  return { ...process.env };
}

/**
 * Reads every variable of `schema`. An empty variable counts as unset, because compose files can only pass it empty;
 * quotes around a value are dropped, because they do not take them away.
 * A secret `X` may be in the file that `X_FILE` names instead.
 * @returns a frozen object
 * @throws ConfigError that lists all faults
 */
export function parseConfig<S extends ConfigSchema>(schema: S, environment: Environment): ConfigOf<S> {
  const faults: ConfigFault[] = [];
  const values: Record<string, unknown> = {};
  for (const [field, setting] of Object.entries(schema)) {
    const outcome = outcomeOf(setting, environment);
    if (outcome.problem === undefined) values[field] = outcome.value;
    else faults.push({ variable: setting.variable, problem: outcome.problem, expected: setting.type.expected });
  }
  if (faults.length > 0) throw new ConfigError(faults);
  // The mapped type follows from the loop: one value per field, of the field's own type.
  return Object.freeze(values) as ConfigOf<S>;
}

interface Outcome {
  readonly value?: unknown;
  readonly problem?: ConfigFault['problem'];
}

/** A secret may lie in a file, as orchestrators hand them out: environments are inherited, listed and dumped. */
function outcomeOf(setting: Setting<unknown>, environment: Environment): Outcome {
  const given = tidyPasted(environment[setting.variable] ?? '');
  const file = setting.type.secret === true ? tidyPasted(environment[`${setting.variable}${IN_FILE}`] ?? '') : '';
  if (file === '') return read(setting, given === '' ? undefined : given);
  if (given !== '') return { problem: 'given twice' };
  try {
    const text = tidyPasted(decodeTextFile(readFileSync(file)));
    return read(setting, text === '' ? undefined : text);
  } catch {
    return { problem: 'unreadable' };
  }
}

function read(setting: Setting<unknown>, text: string | undefined): Outcome {
  const effective = text ?? setting.fallback;
  if (effective === undefined) return setting.presence === 'required' ? { problem: 'missing' } : { value: undefined };
  const parsed = setting.type.schema.safeParse(effective);
  return parsed.success ? { value: parsed.data } : { problem: 'invalid' };
}
