import { choice, command } from '../../command-line/command';
import { shown } from '../../output/answer';
import { instanceOf } from '../../tenant/instance';
import { INSTANCE_FIELDS } from '../instance/instance-view';
import { WAITING, waitFor } from './wait-for';

const STATES = ['installing', 'inactive', 'configuring', 'installed', 'disabled', 'removing', 'failed'] as const;

export const waitInstance = command({
  name: 'instance',
  about: 'Wait until the instance is in a state',
  options: { state: choice(STATES, 'the state (default: installed)'), ...WAITING },
  async run({ state = 'installed', timeout }, context) {
    const { api, instance } = await context.tenant();
    const look = async () => {
      const value = await instanceOf(api, instance);
      const isReached = value.state === state;
      const standing = `the instance is ${value.state}: ${value.next_step.message}`;
      return { value, isReached, done: isReached ? 1 : 0, total: 1, standing };
    };
    return shown(await waitFor(look, timeout, context), INSTANCE_FIELDS);
  },
});
