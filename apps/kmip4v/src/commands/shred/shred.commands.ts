import { type Command } from '../../command-line/command';
import { shredConfirm } from './confirm.command';
import { shredExecute } from './execute.command';
import { shredKeys } from './keys.command';
import { shredList } from './list.command';
import { shredPlan } from './plan.command';
import { shredRecord } from './record.command';
import { shredRemove } from './remove.command';
import { shredShow } from './show.command';

export const shredCommands: readonly Command[] = [
  shredList,
  shredPlan,
  shredShow,
  shredKeys,
  shredConfirm,
  shredExecute,
  shredRecord,
  shredRemove,
];
