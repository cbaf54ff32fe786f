import { command, value } from '../../command-line/command';
import { shown } from '../../output/answer';
import { NewPrivateFile } from '../../profiles/private-file';
import { answerOf } from '../../tenant/asking';
import { HEAD_COLUMNS } from './audit-view';

export const auditHead = command({
  name: 'head',
  about: 'Get the signed head of the audit trail: how far it goes, to be kept',
  options: { out: value('FILE', 'where to write it, as the service signed it') },
  async run({ out }, context) {
    const { api, instance } = await context.tenant();
    const params = { path: { instance_id: instance } };
    const head = await answerOf(api.GET('/v1/instances/{instance_id}/audit_head', { params }));
    if (out !== undefined) await (await NewPrivateFile.open(out)).fill(`${JSON.stringify(head, null, 2)}\n`);
    return shown(head, HEAD_COLUMNS);
  },
});
