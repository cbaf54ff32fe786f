import { argument, command } from '../../command-line/command';
import { shown } from '../../output/answer';
import { answerOf } from '../../tenant/asking';
import { CLAIM_COLUMNS } from './claim-view';

export const claimShow = command({
  name: 'show',
  about: 'Show a certificate claim',
  arguments: { id: argument('its identifier') },
  async run({ id }, context) {
    const { api, instance } = await context.tenant();
    const params = { path: { instance_id: instance, id } };
    const call = api.GET('/v1/instances/{instance_id}/certificate_claims/{id}', { params });
    return shown(await answerOf(call), CLAIM_COLUMNS);
  },
});
