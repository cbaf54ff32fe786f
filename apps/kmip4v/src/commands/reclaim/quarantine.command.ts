import { argument, command, flag } from '../../command-line/command';
import { shown } from '../../output/answer';
import { answerOf } from '../../tenant/asking';
import { QUARANTINED_COLUMNS } from './reclaim-view';

export const reclaimQuarantine = command({
  name: 'quarantine',
  about: 'Suspend a key that nothing speaks for, and watch whether anybody asks for it',
  arguments: { key: argument('its identifier, from `kmip4v reclaim list`') },
  options: { yes: flag('do not ask') },
  async run({ key, yes }, context) {
    const { api, instance } = await context.tenant();
    if (!yes) await context.ask.agreed(`Key ${key} is given out no longer then. Put it into quarantine?`);
    const params = { path: { instance_id: instance } };
    const call = api.POST('/v1/instances/{instance_id}/quarantined_keys', { params, body: { id: key } });
    return shown(await answerOf(call), QUARANTINED_COLUMNS);
  },
});
