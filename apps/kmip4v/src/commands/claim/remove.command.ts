import { argument, command } from '../../command-line/command';
import { told } from '../../output/answer';
import { answerOf } from '../../tenant/asking';

export const claimRemove = command({
  name: 'remove',
  about: 'Remove a certificate claim',
  arguments: { id: argument('its identifier') },
  async run({ id }, context) {
    const { api, instance } = await context.tenant();
    const params = { path: { instance_id: instance, id } };
    await answerOf(api.DELETE('/v1/instances/{instance_id}/certificate_claims/{id}', { params }));
    return told(`Certificate claim ${id} was removed.`, { id });
  },
});
