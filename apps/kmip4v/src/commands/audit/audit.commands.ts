import { type Command } from '../../command-line/command';
import { auditExport } from './export.command';
import { auditFollow } from './follow.command';
import { auditHead } from './head.command';
import { auditHeads } from './heads.command';
import { auditKeys } from './keys.command';
import { auditList } from './list.command';
import { auditShow } from './show.command';
import { auditVerify } from './verify.command';
import { auditVerifyRecord } from './verify-record.command';

export const auditCommands: readonly Command[] = [
  auditList,
  auditShow,
  auditFollow,
  auditExport,
  auditHead,
  auditHeads,
  auditKeys,
  auditVerify,
  auditVerifyRecord,
];
