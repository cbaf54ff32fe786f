import { choice, command } from '../../command-line/command';
import { listed } from '../../output/answer';
import { collected, present } from '../../tenant/asking';
import { CERTIFICATE_COLUMNS } from './certificate-view';

export const certificateList = command({
  name: 'list',
  about: 'List the client certificates that are let in',
  options: {
    proof: choice(['proven', 'unproven', 'unproven_in_use'], 'only those, by whether they are proven to be yours'),
  },
  async run({ proof }, context) {
    const { api, instance } = await context.tenant();
    const path = { instance_id: instance };
    const items = await collected(
      (page) =>
        api.GET('/v1/instances/{instance_id}/client_certificates', {
          params: { path, query: { ...page, ...present({ proof }) } },
        }),
      ({ client_certificates: certificates }) => certificates,
    );
    return listed(items, CERTIFICATE_COLUMNS, 'No client certificate is let in: kmip4v certificate add --help');
  },
});
