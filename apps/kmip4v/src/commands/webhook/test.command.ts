import { command } from '../../command-line/command';
import { EXIT } from '../../command-line/exit-codes';
import { CommandFault } from '../../command-line/faults';
import { told } from '../../output/answer';
import { answerOf } from '../../tenant/asking';

export const webhookTest = command({
  name: 'test',
  about: 'Send a test event now, and say whether it arrived',
  async run(_given, context) {
    const { api, instance } = await context.tenant();
    const params = { path: { instance_id: instance } };
    const { delivered, failure } = await answerOf(api.POST('/v1/instances/{instance_id}/webhook/test', { params }));
    if (delivered) return told('The test event was delivered.', { delivered });
    throw new CommandFault(EXIT.failed, failure?.message ?? 'the test event was not delivered');
  },
});
