import { argument, command, flag } from '../../command-line/command';
import { answerOf, shownOrTried, trial } from '../../tenant/asking';
import { ROOT_KEY_FIELDS } from '../root-key/root-key-view';

export const formerRootKeyRollBack = command({
  name: 'roll-back',
  about: 'Bind a former root key again; keys that have left it come back online',
  arguments: { id: argument('its identifier') },
  options: { dryRun: flag('only try every call that it will have to serve'), yes: flag('do not ask') },
  async run({ id, dryRun, yes }, context) {
    const { api, instance } = await context.tenant();
    if (!dryRun && !yes) await context.ask.agreed(`Bind the former root key ${id} again?`);
    const header = trial(dryRun);
    const params = { path: { instance_id: instance, id }, header };
    const call = api.POST('/v1/instances/{instance_id}/former_root_keys/{id}/roll_back', { params });
    const bound = await answerOf(call);
    return shownOrTried(bound, ROOT_KEY_FIELDS);
  },
});
