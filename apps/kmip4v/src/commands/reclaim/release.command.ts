import { argument, command } from '../../command-line/command';
import { told } from '../../output/answer';
import { answerOf } from '../../tenant/asking';

export const reclaimRelease = command({
  name: 'release',
  about: 'Take a key out of quarantine: it is given out again',
  arguments: { key: argument('its identifier') },
  async run({ key }, context) {
    const { api, instance } = await context.tenant();
    const params = { path: { instance_id: instance, id: key } };
    await answerOf(api.DELETE('/v1/instances/{instance_id}/quarantined_keys/{id}', { params }));
    return told(`Key ${key} is given out again.`, { id: key });
  },
});
