import { argument, command } from '../../command-line/command';
import { shown } from '../../output/answer';
import { answerOf } from '../../tenant/asking';
import { ATTEMPT_FIELDS } from './attempt-view';

export const attemptShow = command({
  name: 'show',
  about: 'Show an attempt to connect, with what to do about it',
  arguments: { id: argument('its identifier') },
  async run({ id }, context) {
    const { api, instance } = await context.tenant();
    const params = { path: { instance_id: instance, id } };
    const call = api.GET('/v1/instances/{instance_id}/connection_attempts/{id}', { params });
    return shown(await answerOf(call), ATTEMPT_FIELDS);
  },
});
