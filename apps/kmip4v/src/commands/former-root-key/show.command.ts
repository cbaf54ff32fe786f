import { argument, command } from '../../command-line/command';
import { shown } from '../../output/answer';
import { answerOf } from '../../tenant/asking';
import { FORMER_ROOT_KEY_FIELDS } from './former-root-key-view';

export const formerRootKeyShow = command({
  name: 'show',
  about: 'Show a former root key, with how far its keys are on their way',
  arguments: { id: argument('its identifier') },
  async run({ id }, context) {
    const { api, instance } = await context.tenant();
    const params = { path: { instance_id: instance, id } };
    const call = api.GET('/v1/instances/{instance_id}/former_root_keys/{id}', { params });
    return shown(await answerOf(call), FORMER_ROOT_KEY_FIELDS);
  },
});
