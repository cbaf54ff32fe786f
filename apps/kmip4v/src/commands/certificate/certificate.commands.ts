import { type Command } from '../../command-line/command';
import { certificateAdd } from './add.command';
import { certificateHandOver } from './hand-over.command';
import { certificateList } from './list.command';
import { certificateMakePair } from './make-pair.command';
import { certificateRemove } from './remove.command';
import { certificateRename } from './rename.command';
import { certificateShow } from './show.command';

export const certificateCommands: readonly Command[] = [
  certificateList,
  certificateShow,
  certificateAdd,
  certificateMakePair,
  certificateRename,
  certificateHandOver,
  certificateRemove,
];
