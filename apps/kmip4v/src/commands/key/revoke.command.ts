import { argument, choice, command, flag, value } from '../../command-line/command';
import { answerOf, nameTyped, present, shownOrTried, trial } from '../../tenant/asking';
import { findKey } from './find-key';
import { KEY_FIELDS } from './key-view';

const REASONS = [
  'unspecified',
  'key_compromise',
  'affiliation_changed',
  'superseded',
  'cessation_of_operation',
  'privilege_withdrawn',
] as const;

export const keyRevoke = command({
  name: 'revoke',
  about: 'Revoke a key: it must not protect anything new, and can be fetched still',
  arguments: { key: argument('its identifier, KMIP name, or the name of its machine') },
  options: {
    reason: choice(REASONS, 'why (default: unspecified); key_compromise is never taken back'),
    message: value('TEXT', 'in your own words'),
    compromisedAt: value('TIME', 'since when it is known to others'),
    confirm: value('NAME', 'its name, or that of its machine'),
    dryRun: flag('only try it'),
  },
  async run({ key, reason, message, compromisedAt, confirm, dryRun }, context) {
    const { api, instance } = await context.tenant();
    const { id, name, owner } = await findKey(api, instance, key);
    const expected = await nameTyped(context, confirm, `Type ${owner?.name ?? name} to revoke key ${id}:`);
    const path = { instance_id: instance, id };
    const params = { path, query: { expected_name: expected }, header: trial(dryRun) };
    const body = {
      reason: reason ?? 'unspecified',
      ...present({ message, compromise_occurred_at: compromisedAt }),
    } as const;
    const revoked = await answerOf(api.POST('/v1/instances/{instance_id}/keys/{id}/revoke', { params, body }));
    return shownOrTried(revoked, KEY_FIELDS);
  },
});
