import { argument, command, value } from '../../command-line/command';
import { told } from '../../output/answer';
import { NewPrivateFile } from '../../profiles/private-file';
import { answerOf } from '../../tenant/asking';

export const shredRecord = command({
  name: 'record',
  about: 'Get the signed record of a plan that was executed',
  details: 'Check it offline with `kmip4v audit verify-record FILE --keys FILE`.',
  arguments: { plan: argument('its identifier') },
  options: { out: value('FILE', 'where to write it, as the service signed it') },
  async run({ plan, out }, context) {
    const { api, instance } = await context.tenant();
    const params = { path: { instance_id: instance, id: plan } };
    const record = await answerOf(api.GET('/v1/instances/{instance_id}/shred_plans/{id}/record', { params }));
    if (out === undefined) return told(record.content, record);
    await (await NewPrivateFile.open(out)).fill(`${JSON.stringify(record, null, 2)}\n`);
    return told(`The record is in ${out}; it is ${record.state}.`, { state: record.state, file: out });
  },
});
