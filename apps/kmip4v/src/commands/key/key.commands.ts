import { type Command } from '../../command-line/command';
import { keyDestroy } from './destroy.command';
import { keyList } from './list.command';
import { keyReactivate } from './reactivate.command';
import { keyResume } from './resume.command';
import { keyRevoke } from './revoke.command';
import { keyShow } from './show.command';
import { keySuspend } from './suspend.command';

export const keyCommands: readonly Command[] = [
  keyList,
  keyShow,
  keySuspend,
  keyResume,
  keyReactivate,
  keyRevoke,
  keyDestroy,
];
