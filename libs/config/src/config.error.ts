import { DomainError } from '@lib/kernel';

export interface ConfigFault {
  readonly variable: string;
  readonly problem: 'missing' | 'invalid';
  readonly expected: string;
}

/** Everything wrong with the environment at once, by variable name and without any value. */
export class ConfigError extends DomainError {
  readonly code = 'configuration_invalid';

  constructor(readonly faults: readonly ConfigFault[]) {
    super(`The configuration cannot be used:\n${faults.map(line).join('\n')}`);
  }
}

function line({ variable, problem, expected }: ConfigFault): string {
  return problem === 'missing'
    ? `  ${variable} is not set; it must be ${expected}`
    : `  ${variable} is not valid; it must be ${expected}`;
}
