import { argument, command } from '../../command-line/command';
import { shown } from '../../output/answer';
import { answerOf } from '../../tenant/asking';
import { CERTIFICATE_FIELDS } from './certificate-view';
import { findCertificate } from './find-certificate';

export const certificateRename = command({
  name: 'rename',
  about: 'Rename a client certificate',
  arguments: { certificate: argument('its identifier, name or SHA-256 fingerprint'), name: argument('its new name') },
  async run({ certificate, name }, context) {
    const { api, instance } = await context.tenant();
    const { id, etag } = await findCertificate(api, instance, certificate);
    const params = { path: { instance_id: instance, id }, header: { 'If-Match': `"${etag}"` } };
    const call = api.PATCH('/v1/instances/{instance_id}/client_certificates/{id}', { params, body: { name } });
    return shown(await answerOf(call), CERTIFICATE_FIELDS);
  },
});
