import { argument, command } from '../../command-line/command';
import { shown } from '../../output/answer';
import { answerOf } from '../../tenant/asking';
import { KMIP_CREDENTIAL_COLUMNS } from './kmip-credential-view';

export const kmipCredentialShow = command({
  name: 'show',
  about: 'Show a KMIP credential, without its password',
  arguments: { id: argument('its identifier') },
  async run({ id }, context) {
    const { api, instance } = await context.tenant();
    const params = { path: { instance_id: instance, id } };
    const call = api.GET('/v1/instances/{instance_id}/kmip_credentials/{id}', { params });
    return shown(await answerOf(call), KMIP_CREDENTIAL_COLUMNS);
  },
});
