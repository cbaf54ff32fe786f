import { command, value } from '../../command-line/command';
import { listed } from '../../output/answer';
import { ATTEMPT_COLUMNS } from '../attempt/attempt-view';
import { attempts } from '../attempt/attempts';
import { WAITING, waitFor } from './wait-for';

export const waitAttempt = command({
  name: 'attempt',
  about: 'Wait until an attempt to connect is shown; what a gateway has seen is known a moment later',
  options: { verdict: value('VERDICT', 'one of those, e.g. accepted'), ...WAITING },
  async run({ verdict, timeout }, context) {
    const { api, instance } = await context.tenant();
    const look = async () => {
      const found = await attempts(api, instance, verdict, undefined);
      const isReached = found.length > 0;
      const kind = verdict === undefined ? 'no attempt' : `no attempt with the verdict ${verdict}`;
      return { value: found, isReached, done: isReached ? 1 : 0, total: 1, standing: `${kind} to connect is known` };
    };
    return listed(await waitFor(look, timeout, context), ATTEMPT_COLUMNS, 'Nobody has tried to connect.');
  },
});
