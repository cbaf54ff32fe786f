import { argument, choice, command, flag } from '../../command-line/command';
import { answerOf, present, shownOrTried, trial } from '../../tenant/asking';
import { ROOT_KEY_FIELDS } from './root-key-view';

export const rootKeySet = command({
  name: 'set',
  about: 'Bind a root key; where there is one already, keys move to the new one online',
  arguments: { crn: argument('of the root key (kmip4v key-manager root-keys)') },
  options: {
    endpoint: choice(['private', 'public'], 'which endpoint of the key manager is asked'),
    dryRun: flag('only try every call that it will have to serve'),
    yes: flag('do not ask'),
  },
  async run({ crn, endpoint, dryRun, yes }, context) {
    const { api, instance } = await context.tenant();
    if (!dryRun && !yes) await context.ask.agreed(`Bind ${crn}?`);
    const header = trial(dryRun);
    const params = { path: { instance_id: instance }, header };
    const body = { crn, ...present({ endpoint_visibility: endpoint }) };
    const bound = await answerOf(api.PUT('/v1/instances/{instance_id}/root_key', { params, body }));
    return shownOrTried(bound, ROOT_KEY_FIELDS);
  },
});
