import { command } from '../../command-line/command';
import { told } from '../../output/answer';
import { formerRootKeys } from '../former-root-key/former-root-keys';
import { WAITING, waitFor } from './wait-for';

export const waitKeysMoved = command({
  name: 'keys-moved',
  about: 'Wait until all keys lie under the root key that is bound',
  options: WAITING,
  async run({ timeout }, context) {
    const { api, instance } = await context.tenant();
    let most = 0;
    const look = async () => {
      const former = await formerRootKeys(api, instance);
      const left = former.reduce((sum, { keys_left: keys }) => sum + keys, 0);
      most = Math.max(most, left);
      const isReached = former.length === 0;
      const standing = former.map(({ message }) => message).join(' ');
      return { value: most, isReached, done: most - left, total: most, standing };
    };
    const moved = await waitFor(look, timeout, context);
    return told('All keys lie under the root key that is bound.', { keys_moved: moved });
  },
});
