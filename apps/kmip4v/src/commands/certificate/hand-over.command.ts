import { argument, command, needed } from '../../command-line/command';
import { shown } from '../../output/answer';
import { answerOf } from '../../tenant/asking';
import { instanceIdOf } from '../../tenant/instance';
import { CERTIFICATE_FIELDS } from './certificate-view';
import { findCertificate } from './find-certificate';

export const certificateHandOver = command({
  name: 'hand-over',
  about: 'Have the new keys of a client certificate made in another instance of the account',
  arguments: { certificate: argument('its identifier, name or SHA-256 fingerprint') },
  options: { to: needed('INSTANCE', 'identifier, name or CRN of the other instance') },
  async run({ certificate, to }, context) {
    const { api, instance } = await context.tenant();
    const { id } = await findCertificate(api, instance, certificate);
    const body = { instance: { id: await instanceIdOf(api, to) } };
    const params = { path: { instance_id: instance, client_certificate_id: id } };
    const path = '/v1/instances/{instance_id}/client_certificates/{client_certificate_id}/hand_over';
    return shown(await answerOf(api.POST(path, { params, body })), CERTIFICATE_FIELDS);
  },
});
