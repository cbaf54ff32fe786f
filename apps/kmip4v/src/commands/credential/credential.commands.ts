import { type Command } from '../../command-line/command';
import { credentialSet } from './set.command';
import { credentialShow } from './show.command';
import { credentialUnset } from './unset.command';

export const credentialCommands: readonly Command[] = [credentialShow, credentialSet, credentialUnset];
