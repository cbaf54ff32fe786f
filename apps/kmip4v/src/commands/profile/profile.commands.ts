import { type Command } from '../../command-line/command';
import { profileAdd } from './add.command';
import { profileList } from './list.command';
import { profileRemove } from './remove.command';
import { profileUse } from './use.command';

export const profileCommands: readonly Command[] = [profileAdd, profileList, profileUse, profileRemove];
