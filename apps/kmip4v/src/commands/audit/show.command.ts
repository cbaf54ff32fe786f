import { argument, command } from '../../command-line/command';
import { shown } from '../../output/answer';
import { answerOf } from '../../tenant/asking';
import { EVENT_FIELDS } from './audit-view';

export const auditShow = command({
  name: 'show',
  about: 'Show an event',
  arguments: { id: argument('its identifier') },
  async run({ id }, context) {
    const { api, instance } = await context.tenant();
    const params = { path: { instance_id: instance, id } };
    return shown(await answerOf(api.GET('/v1/instances/{instance_id}/audit_events/{id}', { params })), EVENT_FIELDS);
  },
});
