import { argument, command } from '../../command-line/command';
import { shown } from '../../output/answer';
import { CERTIFICATE_FIELDS } from './certificate-view';
import { findCertificate } from './find-certificate';

export const certificateShow = command({
  name: 'show',
  about: 'Show a client certificate',
  arguments: { certificate: argument('its identifier, name or SHA-256 fingerprint') },
  async run({ certificate }, context) {
    const { api, instance } = await context.tenant();
    return shown(await findCertificate(api, instance, certificate), CERTIFICATE_FIELDS);
  },
});
