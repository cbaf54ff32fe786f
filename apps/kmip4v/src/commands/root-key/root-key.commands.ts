import { type Command } from '../../command-line/command';
import { rootKeyCheck } from './check.command';
import { rootKeySet } from './set.command';
import { rootKeyShow } from './show.command';
import { rootKeyUnset } from './unset.command';

export const rootKeyCommands: readonly Command[] = [rootKeyShow, rootKeyCheck, rootKeySet, rootKeyUnset];
