import { choice, command } from '../../command-line/command';
import { usageFault } from '../../command-line/faults';
import { shown } from '../../output/answer';
import { answerOf, present } from '../../tenant/asking';
import { instanceOf } from '../../tenant/instance';
import { INSTANCE_FIELDS } from './instance-view';

const SWITCH = ['on', 'off'] as const;
const isOn = (word: (typeof SWITCH)[number] | undefined): boolean | undefined =>
  word === undefined ? undefined : word === 'on';

export const instanceUpdate = command({
  name: 'update',
  about: 'Change the options of the instance',
  options: {
    credentialPolicy: choice(['ignore', 'enforce'], 'what becomes of requests with a foreign KMIP credential'),
    keyGeneration: choice(['local', 'key_manager'], 'who makes the material of new keys'),
    secondPersonToDestroy: choice(SWITCH, 'whether destroying keys takes a plan that a second person confirms'),
    purgeDestroyedKeys: choice(SWITCH, 'whether destroyed keys are purged in the key manager as soon as it allows'),
  },
  async run(given, context) {
    const body = present({
      credential_policy: given.credentialPolicy,
      key_generation: given.keyGeneration,
      second_person_to_destroy: isOn(given.secondPersonToDestroy),
      purge_destroyed_keys: isOn(given.purgeDestroyedKeys),
    });
    if (Object.keys(body).length === 0)
      throw usageFault('nothing to change was given', 'kmip4v instance update --help');
    const { api, instance } = await context.tenant();
    const { etag } = await instanceOf(api, instance);
    const params = { path: { id: instance }, header: { 'If-Match': `"${etag}"` } };
    return shown(await answerOf(api.PATCH('/v1/instances/{id}', { params, body })), INSTANCE_FIELDS);
  },
});
