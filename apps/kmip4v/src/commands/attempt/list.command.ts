import { command, value } from '../../command-line/command';
import { listed } from '../../output/answer';
import { countIn } from '../../tenant/asking';
import { ATTEMPT_COLUMNS } from './attempt-view';
import { attempts } from './attempts';

export const attemptList = command({
  name: 'list',
  about: 'List attempts to connect, and why they were refused',
  options: { verdict: value('VERDICT', 'only those'), limit: value('NUMBER', 'no more than that') },
  async run({ verdict, limit }, context) {
    const most = countIn('--limit', limit);
    const { api, instance } = await context.tenant();
    return listed(await attempts(api, instance, verdict, most), ATTEMPT_COLUMNS, 'Nobody has tried to connect.');
  },
});
