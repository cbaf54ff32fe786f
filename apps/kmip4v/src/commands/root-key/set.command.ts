import { argument, choice, command, flag } from '../../command-line/command';
import { apiKeyFrom, OWN_API_KEY_FILE } from '../../tenant/api-key-option';
import { answerOf, present, shownOrTried, trial } from '../../tenant/asking';
import { ROOT_KEY_FIELDS } from './root-key-view';

export const rootKeySet = command({
  name: 'set',
  about: 'Bind a root key; where there is one already, keys move to the new one online',
  arguments: { crn: argument('of the root key (kmip4v key-manager root-keys)') },
  options: {
    endpoint: choice(['private', 'public'], 'which endpoint of the key manager is asked'),
    apiKeyFile: OWN_API_KEY_FILE,
    dryRun: flag('only try every call that it will have to serve'),
    yes: flag('do not ask'),
  },
  async run({ crn, endpoint, apiKeyFile, dryRun, yes }, context) {
    const apiKey = apiKeyFile === undefined ? undefined : await apiKeyFrom(context, apiKeyFile);
    const { api, instance } = await context.tenant();
    if (!dryRun && !yes) await context.ask.agreed(`Bind ${crn}?`);
    const header = trial(dryRun);
    const params = { path: { instance_id: instance }, header };
    const body = { crn, ...present({ endpoint_visibility: endpoint, api_key: apiKey }) };
    const bound = await answerOf(api.PUT('/v1/instances/{instance_id}/root_key', { params, body }));
    return shownOrTried(bound, ROOT_KEY_FIELDS);
  },
});
