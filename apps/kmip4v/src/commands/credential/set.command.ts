import { command, flag, value } from '../../command-line/command';
import { API_KEY_FILE, apiKeyAsked } from '../../tenant/api-key-option';
import { answerOf, confirmed, shownOrTried, trial } from '../../tenant/asking';
import { CREDENTIAL_FIELDS } from './credential-view';

export const credentialSet = command({
  name: 'set',
  about: 'Set or replace the API key of the service ID that the service works with',
  options: {
    apiKeyFile: API_KEY_FILE,
    dryRun: flag('only try it'),
    confirm: value('NAME', 'name of the instance, where keys could not be served any more'),
  },
  async run({ apiKeyFile, dryRun, confirm }, context) {
    const body = { api_key: await apiKeyAsked(context, apiKeyFile) };
    const { api, instance } = await context.tenant();
    const header = trial(dryRun);
    const path = { instance_id: instance };
    const set = await confirmed(context, confirm, (query) =>
      answerOf(api.PUT('/v1/instances/{instance_id}/credential', { params: { path, header, query }, body })),
    );
    return shownOrTried(set, CREDENTIAL_FIELDS);
  },
});
