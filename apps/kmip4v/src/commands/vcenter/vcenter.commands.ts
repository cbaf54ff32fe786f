import { type Command } from '../../command-line/command';
import { vcenterConnect } from './connect.command';

export const vcenterCommands: readonly Command[] = [vcenterConnect];
