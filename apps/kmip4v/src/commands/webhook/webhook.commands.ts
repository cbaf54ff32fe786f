import { type Command } from '../../command-line/command';
import { webhookSet } from './set.command';
import { webhookShow } from './show.command';
import { webhookTest } from './test.command';
import { webhookUnset } from './unset.command';

export const webhookCommands: readonly Command[] = [webhookShow, webhookSet, webhookTest, webhookUnset];
