import { command } from '../../command-line/command';
import { listed } from '../../output/answer';
import { collected } from '../../tenant/asking';
import { CLAIM_COLUMNS } from './claim-view';

export const claimList = command({
  name: 'list',
  about: 'List the certificate claims, with how many refused connections they fit',
  async run(_given, context) {
    const { api, instance } = await context.tenant();
    const path = { instance_id: instance };
    const items = await collected(
      (query) => api.GET('/v1/instances/{instance_id}/certificate_claims', { params: { path, query } }),
      ({ certificate_claims: claims }) => claims,
    );
    return listed(items, CLAIM_COLUMNS, 'There is no certificate claim.');
  },
});
