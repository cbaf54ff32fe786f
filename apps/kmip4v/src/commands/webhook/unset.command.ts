import { command, flag } from '../../command-line/command';
import { told } from '../../output/answer';
import { answerOf } from '../../tenant/asking';

export const webhookUnset = command({
  name: 'unset',
  about: 'Send events nowhere any more',
  options: { yes: flag('do not ask') },
  async run({ yes }, context) {
    const { api, instance } = await context.tenant();
    if (!yes) await context.ask.agreed('Send events nowhere any more?');
    await answerOf(api.DELETE('/v1/instances/{instance_id}/webhook', { params: { path: { instance_id: instance } } }));
    return told('Events are sent nowhere any more.');
  },
});
