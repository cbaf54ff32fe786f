import { type Command } from '../../command-line/command';
import { keyManagerList } from './list.command';
import { keyManagerRootKeys } from './root-keys.command';

export const keyManagerCommands: readonly Command[] = [keyManagerList, keyManagerRootKeys];
