import { command } from '../../command-line/command';
import { shown } from '../../output/answer';
import { answerOf } from '../../tenant/asking';
import { ROOT_KEY_FIELDS } from './root-key-view';

export const rootKeyShow = command({
  name: 'show',
  about: 'Show the root key that is bound, and how it is',
  async run(_given, context) {
    const { api, instance } = await context.tenant();
    const params = { path: { instance_id: instance } };
    return shown(await answerOf(api.GET('/v1/instances/{instance_id}/root_key', { params })), ROOT_KEY_FIELDS);
  },
});
