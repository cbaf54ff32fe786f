import { createHash, randomUUID } from 'node:crypto';
import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { EXIT } from '../../command-line/exit-codes';
import { CommandFault } from '../../command-line/faults';
import { profileFilePath } from '../../profiles/profile-file';
import { lockFor } from '../process-lock';
import { type Asked, Journal, type Target } from './journal';
import { hasEnded } from './run';

/** Where a journal lies that was not named: one for each vCenter and provider, so that a run goes on by itself. */
export function journalPath(
  env: Readonly<Record<string, string | undefined>>,
  vcenter: string,
  provider: string,
): string {
  // Names of other alphabets are told apart, and long ones fit.
  const digest = createHash('sha256').update(provider).digest('hex').slice(0, 8);
  const name = `${vcenter}-${provider}`.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 100);
  return join(dirname(profileFilePath(env)), 'journals', `${name}-${digest}.jsonl`);
}

export interface OpenedJournal {
  readonly journal: Journal;
  readonly resumed: boolean;
  /** Where one that had not ended lies now. */
  readonly setAside?: string;
  close(): Promise<void>;
}

interface Wanted {
  readonly asked: Asked;
  /** Of a new journal; one that goes on gets those of them that it lacks. */
  readonly targets: readonly Target[];
  /** Whether one of something else that has not ended is put aside. */
  readonly anew: boolean;
}

/**
 * Goes on with the journal that is there, unless all of it is done; then it is put aside, and a new one is begun.
 * @throws Refusal when another process works on it
 * @throws CommandFault when it is of something else that was asked for, and has not ended
 */
export async function openJournal(path: string, { asked, targets, anew }: Wanted): Promise<OpenedJournal> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const unlock = await lockFor(`${path}.lock`, 'this re-key');
  try {
    const found = await Journal.resume(path);
    const goesOn = found !== undefined && isOpen(found) && sameRequest(found.plan.asked, asked);
    const aside = goesOn ? {} : await putAside(path, found, anew);
    if (goesOn) await found.extend(targets);
    const journal = goesOn ? found : await Journal.begin(path, { kind: 'plan', id: randomUUID(), asked, targets });
    const close = async (): Promise<void> => {
      await journal.close();
      await unlock();
    };
    return { journal, resumed: goesOn, ...aside, close };
  } catch (error) {
    await unlock();
    throw error;
  }
}

/** @returns where it lies then, if it had not ended @throws CommandFault when it has not, and nobody said so */
async function putAside(path: string, journal: Journal | undefined, anew: boolean): Promise<{ setAside?: string }> {
  if (journal === undefined) return {};
  await journal.close();
  const unfinished = isOpen(journal);
  if (unfinished && !anew) throw anotherRequest(path, journal);
  const aside = `${path}.${new Date().toISOString().replaceAll(':', '')}`;
  await rename(path, aside);
  return unfinished ? { setAside: aside } : {};
}

const isOpen = (journal: Journal): boolean => !journal.plan.targets.every((target) => hasEnded(journal, target));

const inOrder = ({ only, except, ...rest }: Asked): unknown[] => [
  [...only].sort(),
  [...except].sort(),
  ...Object.entries(rest).sort(([one], [other]) => one.localeCompare(other)),
];

/** Names in another order are the same request. */
const sameRequest = (one: Asked, other: Asked): boolean =>
  JSON.stringify(inOrder(one)) === JSON.stringify(inOrder(other));

function anotherRequest(path: string, journal: Journal): CommandFault {
  const { asked, targets } = journal.plan;
  const ended = targets.filter((target) => hasEnded(journal, target)).length;
  return new CommandFault(
    EXIT.refused,
    `another re-key has not ended: ${describeAsked(asked)}; ${ended} of ${targets.length} are done (${path}). Nothing was done now`,
    'give the options of that one to go on with it, --anew to put it aside for this one, or --journal FILE to do this one besides',
  );
}

/** As somebody asked for it. */
function describeAsked({ provider, mode, from, only, except, profile }: Asked): string {
  return [
    only.length === 0 ? 'everything' : only.join(', '),
    ...(from === undefined ? [] : [`with a key of ${from}`]),
    `to ${provider}`,
    mode,
    ...(except.length === 0 ? [] : [`except ${except.join(', ')}`]),
    ...(profile === undefined ? [] : [`with the policy ${profile}`]),
  ].join(', ');
}
