import { argument, command } from '../../command-line/command';
import { answerOf } from '../../tenant/asking';
import { claimAnswer } from './claim-view';

export const claimShow = command({
  name: 'show',
  about: 'Show a certificate claim, and why the connections that it fits were refused',
  arguments: { id: argument('its identifier') },
  async run({ id }, context) {
    const { api, instance } = await context.tenant();
    const params = { path: { instance_id: instance, id } };
    const call = api.GET('/v1/instances/{instance_id}/certificate_claims/{id}', { params });
    return claimAnswer(await answerOf(call));
  },
});
