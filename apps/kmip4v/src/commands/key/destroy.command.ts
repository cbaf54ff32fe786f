import { argument, command, flag, value } from '../../command-line/command';
import { shown, told } from '../../output/answer';
import { answerOf, nameTyped, trial } from '../../tenant/asking';
import { findKey } from './find-key';
import { KEY_FIELDS } from './key-view';

export const keyDestroy = command({
  name: 'destroy',
  about: 'Destroy a key: it is never served again, and what it protects is lost',
  details: [
    'The name is a guard against taking the wrong key, and nothing replaces it. The administrators of the key manager can',
    'restore the stored key for a time, which `kmip4v key show` tells.',
  ].join('\n'),
  arguments: { key: argument('its identifier, KMIP name, or the name of its machine') },
  options: {
    confirm: value('NAME', 'its name, or that of its machine'),
    revoke: flag('revoke it first where it is active'),
    dryRun: flag('only try it'),
  },
  async run({ key, confirm, revoke, dryRun }, context) {
    const { api, instance } = await context.tenant();
    const { id, name, owner } = await findKey(api, instance, key);
    const expected = await nameTyped(
      context,
      confirm,
      `What key ${id} protects is lost. Type ${owner?.name ?? name} to destroy it:`,
    );
    const path = { instance_id: instance, id };
    const query = { expected_name: expected, revoke };
    await answerOf(
      api.DELETE('/v1/instances/{instance_id}/keys/{id}', { params: { path, query, header: trial(dryRun) } }),
    );
    if (dryRun) return told('The dry run found no fault; nothing was changed.');
    return shown(await findKey(api, instance, id), KEY_FIELDS);
  },
});
