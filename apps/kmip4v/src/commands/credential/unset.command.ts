import { command, value } from '../../command-line/command';
import { told } from '../../output/answer';
import { answerOf, nameTyped } from '../../tenant/asking';
import { instanceOf } from '../../tenant/instance';
import { usageFault } from '../../command-line/faults';

export const credentialUnset = command({
  name: 'unset',
  about: 'Erase the API key: no key can be fetched until another one is set',
  options: { confirm: value('NAME', 'name of the instance') },
  async run({ confirm }, context) {
    const { api, instance } = await context.tenant();
    const { name } = await instanceOf(api, instance);
    const typed = await nameTyped(context, confirm, `No key of ${name} can be fetched any more. Type its name:`);
    if (typed !== name) throw usageFault(`the instance is called ${name}; nothing was done`);
    const params = { path: { instance_id: instance }, query: { confirm: typed } };
    await answerOf(api.DELETE('/v1/instances/{instance_id}/credential', { params }));
    return told('The API key was erased.');
  },
});
