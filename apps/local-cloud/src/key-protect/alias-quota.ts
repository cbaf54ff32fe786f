import { type Cloud } from '../cloud';
import { within } from '@lib/stand-in';
import { KmsError } from './kms.errors';

const ALIASES_PER_INSTANCE = 1000;

export function requireAliasesFree(cloud: Cloud, instanceId: string, aliases: readonly string[]): void {
  if (aliases.length === 0) return;
  if (aliases.some((alias) => cloud.store.get('alias', within(instanceId, alias)))) {
    throw new KmsError('KEY_ALIAS_NOT_UNIQUE_ERR');
  }
  const used = [...cloud.store.list('alias', instanceId)].length;
  if (used + aliases.length > ALIASES_PER_INSTANCE) throw new KmsError('KEY_ALIAS_QUOTA_ERR');
}
