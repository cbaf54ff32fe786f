import { argument, command, flag, needed } from '../../command-line/command';
import { answerOf, shownOrTried, trial } from '../../tenant/asking';
import { PLAN_FIELDS } from './shred-view';

export const shredExecute = command({
  name: 'execute',
  about: 'Destroy the keys of a plan, and show of each that its stored key is gone',
  details: 'Goes on until all are shown to be gone. May be cut off at any time, and run again.',
  arguments: { plan: argument('its identifier') },
  options: { hash: needed('HASH', 'of the plan that you have read'), dryRun: flag('only try it') },
  async run({ plan, hash, dryRun }, context) {
    const { api, instance } = await context.tenant();
    const path = { instance_id: instance, id: plan };
    const params = { path, query: { confirm: hash }, header: trial(dryRun) };
    const bar = context.out.progress();
    try {
      for (;;) {
        const state = await answerOf(api.POST('/v1/instances/{instance_id}/shred_plans/{id}/execute', { params }));
        if (state !== undefined) bar.show(state.shown_count, state.key_count);
        // Each request works for about 15 seconds.
        if (state?.state !== 'executing') return shownOrTried(state, PLAN_FIELDS);
      }
    } finally {
      bar.end();
    }
  },
});
