import { argument, command, value } from '../../command-line/command';
import { told } from '../../output/answer';
import { answerOf, confirmed } from '../../tenant/asking';

export const kmipCredentialRemove = command({
  name: 'remove',
  about: 'Remove a KMIP credential: clients that go on sending its password are refused',
  arguments: { id: argument('its identifier') },
  options: { confirm: value('NAME', 'name of the instance, where it has live keys') },
  async run({ id, confirm }, context) {
    const { api, instance } = await context.tenant();
    const path = { instance_id: instance, id };
    await confirmed(context, confirm, (query) =>
      answerOf(api.DELETE('/v1/instances/{instance_id}/kmip_credentials/{id}', { params: { path, query } })),
    );
    return told(`KMIP credential ${id} was removed.`, { id });
  },
});
