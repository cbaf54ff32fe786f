import { argument, command } from '../../command-line/command';
import { shown } from '../../output/answer';
import { answerOf } from '../../tenant/asking';
import { FORMER_ROOT_KEY_FIELDS } from './former-root-key-view';

export const formerRootKeyResume = command({
  name: 'resume',
  about: 'Let the keys of a former root key move on, and try again at once what was in the way',
  arguments: { id: argument('its identifier') },
  async run({ id }, context) {
    const { api, instance } = await context.tenant();
    const params = { path: { instance_id: instance, id } };
    const body = { paused: false };
    const call = api.PATCH('/v1/instances/{instance_id}/former_root_keys/{id}', { params, body });
    return shown(await answerOf(call), FORMER_ROOT_KEY_FIELDS);
  },
});
