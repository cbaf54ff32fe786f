import { argument, command } from '../../command-line/command';
import { shown } from '../../output/answer';
import { CERTIFICATE_FIELDS } from '../certificate/certificate-view';
import { findCertificate } from '../certificate/find-certificate';
import { WAITING, waitFor } from './wait-for';

export const waitCertificate = command({
  name: 'certificate',
  about: 'Wait until every endpoint lets a client certificate in',
  arguments: { certificate: argument('its identifier, name or SHA-256 fingerprint') },
  options: WAITING,
  async run({ certificate, timeout }, context) {
    const { api, instance } = await context.tenant();
    const look = async () => {
      const value = await findCertificate(api, instance, certificate);
      const { complete, endpoints, pending } = value.activation;
      const total = endpoints.length + pending.length;
      return {
        value,
        isReached: complete,
        done: endpoints.length,
        total,
        standing: `pending at ${pending.join(', ')}`,
      };
    };
    return shown(await waitFor(look, timeout, context), CERTIFICATE_FIELDS);
  },
});
