import { argument, command, value } from '../../command-line/command';
import { shown } from '../../output/answer';
import { API_KEY_FILE, apiKeyAsked } from '../../tenant/api-key-option';
import { answerOf, confirmed } from '../../tenant/asking';
import { FORMER_ROOT_KEY_FIELDS } from './former-root-key-view';

export const formerRootKeySetApiKey = command({
  name: 'set-api-key',
  about: 'Replace the API key with which a former root key of another account is reached, while keys are on their way',
  arguments: { id: argument('its identifier') },
  options: {
    apiKeyFile: API_KEY_FILE,
    confirm: value('NAME', 'name of the instance, where keys could not be served any more'),
  },
  async run({ id, apiKeyFile, confirm }, context) {
    const body = { api_key: await apiKeyAsked(context, apiKeyFile) };
    const { api, instance } = await context.tenant();
    const path = { instance_id: instance, id };
    const changed = await confirmed(context, confirm, (query) =>
      answerOf(api.PATCH('/v1/instances/{instance_id}/former_root_keys/{id}', { params: { path, query }, body })),
    );
    return shown(changed, FORMER_ROOT_KEY_FIELDS);
  },
});
