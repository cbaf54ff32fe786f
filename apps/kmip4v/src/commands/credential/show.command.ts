import { command } from '../../command-line/command';
import { shown } from '../../output/answer';
import { answerOf } from '../../tenant/asking';
import { CREDENTIAL_FIELDS } from './credential-view';

export const credentialShow = command({
  name: 'show',
  about: 'Show whose API key the service works with; the API key itself is never shown',
  async run(_given, context) {
    const { api, instance } = await context.tenant();
    const params = { path: { instance_id: instance } };
    return shown(await answerOf(api.GET('/v1/instances/{instance_id}/credential', { params })), CREDENTIAL_FIELDS);
  },
});
