import { argument, command, needed } from '../../command-line/command';
import { shown } from '../../output/answer';
import { answerOf } from '../../tenant/asking';
import { PLAN_FIELDS } from './shred-view';

export const shredConfirm = command({
  name: 'confirm',
  about: 'Say yes, as the second person, to exactly the plan that has this hash',
  arguments: { plan: argument('its identifier') },
  options: { hash: needed('HASH', 'of the plan that you have read') },
  async run({ plan, hash }, context) {
    const { api, instance } = await context.tenant();
    const params = { path: { instance_id: instance, id: plan }, query: { confirm: hash } };
    const call = api.POST('/v1/instances/{instance_id}/shred_plans/{id}/confirm', { params });
    return shown(await answerOf(call), PLAN_FIELDS);
  },
});
