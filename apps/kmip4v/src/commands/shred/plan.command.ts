import { command, flag, list, value } from '../../command-line/command';
import { usageFault } from '../../command-line/faults';
import { shown } from '../../output/answer';
import { answerOf } from '../../tenant/asking';
import { findKey } from '../key/find-key';
import { PLAN_FIELDS } from './shred-view';

export const shredPlan = command({
  name: 'plan',
  about: 'Write down what would be shredded, and destroy nothing',
  details: 'Read its keys (kmip4v shred keys PLAN), then give its hash to `confirm` and `execute`.',
  options: {
    key: list('KEY', 'a key, by identifier, KMIP name or the name of its machine; as often as needed'),
    all: flag('all keys of the instance'),
    rootKey: value('ID', 'all keys under this root key'),
  },
  async run({ key, all, rootKey }, context) {
    const ways = [key.length > 0, all, rootKey !== undefined].filter(Boolean).length;
    if (ways !== 1) throw usageFault('give one of --key, --all and --root-key');
    const { api, instance } = await context.tenant();
    const keys = await Promise.all(key.map((named) => findKey(api, instance, named)));
    const body = all
      ? ({ scope: 'instance' } as const)
      : rootKey === undefined
        ? ({ scope: 'keys', key_ids: keys.map(({ id }) => id) } as const)
        : ({ scope: 'root_key', root_key_id: rootKey } as const);
    const params = { path: { instance_id: instance } };
    // The contract's arrays are not readonly.
    const call = api.POST('/v1/instances/{instance_id}/shred_plans', { params, body });
    return shown(await answerOf(call), PLAN_FIELDS);
  },
});
