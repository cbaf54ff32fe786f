import { argument, command, needed } from '../../command-line/command';
import { told } from '../../output/answer';
import { answerOf } from '../../tenant/asking';

export const shredRemove = command({
  name: 'remove',
  about: 'Remove a plan, with its record; keys stay as they are',
  arguments: { plan: argument('its identifier') },
  options: { hash: needed('HASH', 'of the plan') },
  async run({ plan, hash }, context) {
    const { api, instance } = await context.tenant();
    const params = { path: { instance_id: instance, id: plan }, query: { confirm: hash } };
    await answerOf(api.DELETE('/v1/instances/{instance_id}/shred_plans/{id}', { params }));
    return told(`Plan ${plan} was removed.`, { id: plan });
  },
});
