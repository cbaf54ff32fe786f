import { type Command } from '../../command-line/command';
import { instanceList } from './list.command';
import { instancePermissions } from './permissions.command';
import { instanceShow } from './show.command';
import { instanceUpdate } from './update.command';
import { instanceWatch } from './watch.command';

export const instanceCommands: readonly Command[] = [
  instanceList,
  instanceShow,
  instanceUpdate,
  instancePermissions,
  instanceWatch,
];
