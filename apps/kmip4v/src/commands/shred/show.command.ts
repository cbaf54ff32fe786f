import { argument, command } from '../../command-line/command';
import { shown } from '../../output/answer';
import { findPlan } from './find-plan';
import { PLAN_FIELDS } from './shred-view';

export const shredShow = command({
  name: 'show',
  about: 'Show a shred plan, with how far it is',
  arguments: { plan: argument('its identifier') },
  async run({ plan }, context) {
    const { api, instance } = await context.tenant();
    return shown(await findPlan(api, instance, plan), PLAN_FIELDS);
  },
});
