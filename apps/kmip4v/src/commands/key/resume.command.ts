import { argument, command } from '../../command-line/command';
import { shown } from '../../output/answer';
import { answerOf } from '../../tenant/asking';
import { findKey } from './find-key';
import { KEY_FIELDS } from './key-view';

export const keyResume = command({
  name: 'resume',
  about: 'Give a suspended key out again',
  arguments: { key: argument('its identifier, KMIP name, or the name of its machine') },
  async run({ key }, context) {
    const { api, instance } = await context.tenant();
    const { id } = await findKey(api, instance, key);
    const params = { path: { instance_id: instance, id } };
    const call = api.PATCH('/v1/instances/{instance_id}/keys/{id}', { params, body: { suspended: false } });
    return shown(await answerOf(call), KEY_FIELDS);
  },
});
