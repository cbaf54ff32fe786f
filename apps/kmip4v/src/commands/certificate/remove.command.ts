import { argument, command, value } from '../../command-line/command';
import { told } from '../../output/answer';
import { answerOf, confirmed } from '../../tenant/asking';
import { findCertificate } from './find-certificate';

export const certificateRemove = command({
  name: 'remove',
  about: 'Let a client certificate in no longer; keys stay',
  arguments: { certificate: argument('its identifier, name or SHA-256 fingerprint') },
  options: { confirm: value('NAME', 'its name, where it was in use within the last 7 days') },
  async run({ certificate, confirm }, context) {
    const { api, instance } = await context.tenant();
    const { id, name } = await findCertificate(api, instance, certificate);
    const removal = await confirmed(context, confirm, (query) =>
      answerOf(
        api.DELETE('/v1/instances/{instance_id}/client_certificates/{id}', {
          params: { path: { instance_id: instance, id }, query },
        }),
      ),
    );
    const pending = removal?.activation.pending ?? [];
    const rest = pending.length === 0 ? 'every endpoint refuses it' : `not yet confirmed by ${pending.join(', ')}`;
    return told(`Client certificate ${name} was removed; ${rest}.`, { id, name, pending });
  },
});
