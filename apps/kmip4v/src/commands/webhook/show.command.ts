import { command } from '../../command-line/command';
import { shown } from '../../output/answer';
import { answerOf } from '../../tenant/asking';
import { WEBHOOK_FIELDS } from './webhook-view';

export const webhookShow = command({
  name: 'show',
  about: 'Show where events go, and whether they arrive',
  async run(_given, context) {
    const { api, instance } = await context.tenant();
    const params = { path: { instance_id: instance } };
    return shown(await answerOf(api.GET('/v1/instances/{instance_id}/webhook', { params })), WEBHOOK_FIELDS);
  },
});
