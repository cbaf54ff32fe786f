import { command } from '../../command-line/command';
import { listed } from '../../output/answer';
import { collected } from '../../tenant/asking';
import { KMIP_CREDENTIAL_COLUMNS } from './kmip-credential-view';

export const kmipCredentialList = command({
  name: 'list',
  about: 'List the KMIP credentials, without their passwords',
  async run(_given, context) {
    const { api, instance } = await context.tenant();
    const path = { instance_id: instance };
    const items = await collected(
      (query) => api.GET('/v1/instances/{instance_id}/kmip_credentials', { params: { path, query } }),
      ({ kmip_credentials: credentials }) => credentials,
    );
    return listed(items, KMIP_CREDENTIAL_COLUMNS, 'There is no KMIP credential: kmip4v kmip-credential issue --help');
  },
});
