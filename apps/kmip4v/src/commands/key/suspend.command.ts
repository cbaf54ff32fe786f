import { argument, command, flag } from '../../command-line/command';
import { shown } from '../../output/answer';
import { answerOf } from '../../tenant/asking';
import { findKey } from './find-key';
import { KEY_FIELDS } from './key-view';

export const keySuspend = command({
  name: 'suspend',
  about: 'Give a key out no longer, until it is resumed; its material stays',
  arguments: { key: argument('its identifier, KMIP name, or the name of its machine') },
  options: { yes: flag('do not ask') },
  async run({ key, yes }, context) {
    const { api, instance } = await context.tenant();
    const { id, name, owner } = await findKey(api, instance, key);
    if (!yes)
      await context.ask.agreed(`What key ${id} of ${owner?.name ?? name} protects cannot be opened then. Suspend it?`);
    const params = { path: { instance_id: instance, id } };
    const call = api.PATCH('/v1/instances/{instance_id}/keys/{id}', { params, body: { suspended: true } });
    return shown(await answerOf(call), KEY_FIELDS);
  },
});
