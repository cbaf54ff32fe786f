import { DomainError } from '@lib/kernel';

export interface ConfigFault {
  readonly variable: string;
  readonly problem: 'missing' | 'invalid' | 'unreadable' | 'given twice';
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
  switch (problem) {
    case 'missing':
      return `  ${variable} is not set; it must be ${expected}`;
    case 'invalid':
      return `  ${variable} is not valid; it must be ${expected}`;
    case 'unreadable':
      return `  ${variable}_FILE names a file that cannot be read; it must hold ${expected}`;
    case 'given twice':
      return `  ${variable} and ${variable}_FILE are both set; keep one`;
  }
}
