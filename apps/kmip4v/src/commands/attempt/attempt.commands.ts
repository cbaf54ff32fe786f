import { type Command } from '../../command-line/command';
import { attemptList } from './list.command';
import { attemptShow } from './show.command';

export const attemptCommands: readonly Command[] = [attemptList, attemptShow];
