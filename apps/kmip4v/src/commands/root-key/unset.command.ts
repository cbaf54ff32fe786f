import { command, flag } from '../../command-line/command';
import { told } from '../../output/answer';
import { answerOf } from '../../tenant/asking';

export const rootKeyUnset = command({
  name: 'unset',
  about: 'Unbind the root key of an instance that has no keys',
  options: { yes: flag('do not ask') },
  async run({ yes }, context) {
    const { api, instance } = await context.tenant();
    if (!yes) await context.ask.agreed('Unbind the root key?');
    await answerOf(api.DELETE('/v1/instances/{instance_id}/root_key', { params: { path: { instance_id: instance } } }));
    return told('The root key was unbound.');
  },
});
