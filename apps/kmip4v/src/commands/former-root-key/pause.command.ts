import { argument, command } from '../../command-line/command';
import { shown } from '../../output/answer';
import { answerOf } from '../../tenant/asking';
import { FORMER_ROOT_KEY_FIELDS } from './former-root-key-view';

export const formerRootKeyPause = command({
  name: 'pause',
  about: 'Leave the keys of a former root key where they are, and serve them from there',
  arguments: { id: argument('its identifier') },
  async run({ id }, context) {
    const { api, instance } = await context.tenant();
    const params = { path: { instance_id: instance, id } };
    const body = { paused: true };
    const call = api.PATCH('/v1/instances/{instance_id}/former_root_keys/{id}', { params, body });
    return shown(await answerOf(call), FORMER_ROOT_KEY_FIELDS);
  },
});
