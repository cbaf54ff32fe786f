import { command, optionalArgument } from '../../command-line/command';
import { shown } from '../../output/answer';
import { instanceIdOf, instanceOf } from '../../tenant/instance';
import { INSTANCE_FIELDS } from './instance-view';

export const instanceShow = command({
  name: 'show',
  about: 'Show an instance: its state, what to do next, and where vCenter connects',
  arguments: { named: optionalArgument('identifier, name or CRN of the instance') },
  async run({ named }, context) {
    if (named === undefined) {
      const { api, instance } = await context.tenant();
      return shown(await instanceOf(api, instance), INSTANCE_FIELDS);
    }
    const api = await context.api();
    return shown(await instanceOf(api, await instanceIdOf(api, named)), INSTANCE_FIELDS);
  },
});
