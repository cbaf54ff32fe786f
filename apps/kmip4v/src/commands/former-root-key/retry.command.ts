import { argument, command } from '../../command-line/command';
import { shown } from '../../output/answer';
import { answerOf } from '../../tenant/asking';
import { FORMER_ROOT_KEY_FIELDS } from './former-root-key-view';

export const formerRootKeyRetry = command({
  name: 'retry',
  about: 'Try the keys of a former root key again that could not be moved',
  arguments: { id: argument('its identifier') },
  async run({ id }, context) {
    const { api, instance } = await context.tenant();
    const params = { path: { instance_id: instance, id } };
    const call = api.POST('/v1/instances/{instance_id}/former_root_keys/{id}/retry', { params });
    return shown(await answerOf(call), FORMER_ROOT_KEY_FIELDS);
  },
});
