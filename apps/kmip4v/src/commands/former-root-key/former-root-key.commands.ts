import { type Command } from '../../command-line/command';
import { formerRootKeyList } from './list.command';
import { formerRootKeyPause } from './pause.command';
import { formerRootKeyResume } from './resume.command';
import { formerRootKeyRetry } from './retry.command';
import { formerRootKeyRollBack } from './roll-back.command';
import { formerRootKeySetApiKey } from './set-api-key.command';
import { formerRootKeyShow } from './show.command';

export const formerRootKeyCommands: readonly Command[] = [
  formerRootKeyList,
  formerRootKeyShow,
  formerRootKeyPause,
  formerRootKeyResume,
  formerRootKeyRetry,
  formerRootKeyRollBack,
  formerRootKeySetApiKey,
];
