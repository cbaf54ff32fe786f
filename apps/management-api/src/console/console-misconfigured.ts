import { DomainError } from '@lib/kernel';

/** With these settings nobody could sign in to the console. */
export class ConsoleMisconfigured extends DomainError {
  readonly code = 'console_misconfigured';
}
