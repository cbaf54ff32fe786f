import { type Command } from '../../command-line/command';
import { kmipCredentialIssue } from './issue.command';
import { kmipCredentialList } from './list.command';
import { kmipCredentialRemove } from './remove.command';
import { kmipCredentialShow } from './show.command';

export const kmipCredentialCommands: readonly Command[] = [
  kmipCredentialList,
  kmipCredentialShow,
  kmipCredentialIssue,
  kmipCredentialRemove,
];
