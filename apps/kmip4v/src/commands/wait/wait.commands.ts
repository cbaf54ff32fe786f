import { type Command } from '../../command-line/command';
import { waitAttempt } from './attempt.command';
import { waitCertificate } from './certificate.command';
import { waitInstance } from './instance.command';
import { waitKeysMoved } from './keys-moved.command';

export const waitCommands: readonly Command[] = [waitInstance, waitCertificate, waitAttempt, waitKeysMoved];
