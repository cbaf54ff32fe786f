import { type Command } from '../../command-line/command';
import { usageList } from './list.command';
import { usageShow } from './show.command';

export const usageCommands: readonly Command[] = [usageList, usageShow];
