import { type Command } from '../../command-line/command';
import { claimAdd } from './add.command';
import { claimList } from './list.command';
import { claimRemove } from './remove.command';
import { claimShow } from './show.command';

export const claimCommands: readonly Command[] = [claimList, claimShow, claimAdd, claimRemove];
