import { EXIT } from '../../command-line/exit-codes';
import { CommandFault } from '../../command-line/faults';
import { type Answer, told } from '../../output/answer';

/** What `scripts/verify-audit.mjs` says. @throws CommandFault: failed when something was changed, usage when it could not be checked */
export async function verified(words: readonly string[]): Promise<Answer> {
  const { Tampered, verifyAudit } = await import('../../../../../scripts/verify-audit.mjs');
  try {
    const lines = verifyAudit(words);
    return told(lines.join('\n'), { intact: true, found: lines });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof Tampered)
      throw new CommandFault(EXIT.failed, message, 'keep it as it is, and ask the operator');
    throw new CommandFault(EXIT.usage, `it could not be checked: ${message}`);
  }
}

/** Words of options that were given. */
export const optionWords = (options: Readonly<Record<string, string | undefined>>): readonly string[] =>
  Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));
