import { argument, command } from '../../command-line/command';
import { shown } from '../../output/answer';
import { answerOf } from '../../tenant/asking';
import { USAGE_COLUMNS } from './usage-view';

export const usageShow = command({
  name: 'show',
  about: 'Show a record of usage',
  arguments: { id: argument('its identifier') },
  async run({ id }, context) {
    const { api, instance } = await context.tenant();
    const params = { path: { instance_id: instance, id } };
    return shown(await answerOf(api.GET('/v1/instances/{instance_id}/usage_records/{id}', { params })), USAGE_COLUMNS);
  },
});
