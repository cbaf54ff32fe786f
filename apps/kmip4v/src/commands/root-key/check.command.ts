import { choice, command, optionalArgument } from '../../command-line/command';
import { EXIT } from '../../command-line/exit-codes';
import { CommandFault } from '../../command-line/faults';
import { apiKeyFrom, OWN_API_KEY_FILE } from '../../tenant/api-key-option';
import { answerOf, present } from '../../tenant/asking';
import { checkAnswer } from './root-key-view';
import { counted } from '../../output/counted';

export const rootKeyCheck = command({
  name: 'check',
  about: 'Try every call that a root key has to serve; what waited for the one that is bound is tried again then',
  details: 'Ends with 0 when all that serving keys takes is permitted, and with 1 when not.',
  arguments: { crn: optionalArgument('of the root key; without it the one that is bound') },
  options: {
    endpoint: choice(['private', 'public'], 'which endpoint of the key manager is asked'),
    apiKeyFile: OWN_API_KEY_FILE,
  },
  async run({ crn, endpoint, apiKeyFile }, context) {
    const apiKey = apiKeyFile === undefined ? undefined : await apiKeyFrom(context, apiKeyFile);
    const { api, instance } = await context.tenant();
    const params = { path: { instance_id: instance } };
    const body = present({ crn, endpoint_visibility: endpoint, api_key: apiKey });
    const check = await answerOf(api.POST('/v1/instances/{instance_id}/root_key_checks', { params, body }));
    if (check.passed) return checkAnswer(check);
    await context.out.answer(checkAnswer(check));
    const failed = check.steps.filter(({ result }) => result === 'failed');
    throw new CommandFault(EXIT.failed, `${counted(failed.length, 'call')} failed`, 'the remedy stands beside each');
  },
});
