import { command, value } from '../../command-line/command';
import { usageFault } from '../../command-line/faults';
import { answerOf } from '../../tenant/asking';
import { claimAnswer } from './claim-view';

export const claimAdd = command({
  name: 'add',
  about: 'Say which refused connections are yours, to be shown them',
  options: {
    fingerprint: value('SHA256', 'those with this certificate'),
    subject: value('SUBJECT', 'those whose certificate has this subject'),
    addressRange: value('CIDR', 'those from these addresses'),
  },
  async run({ fingerprint, subject, addressRange }, context) {
    const kinds = [
      ['fingerprint', fingerprint?.replaceAll(':', '').toLowerCase()],
      ['subject', subject],
      ['address_range', addressRange],
    ] as const;
    const [claim, ...more] = kinds.flatMap(([kind, claimed]) =>
      claimed === undefined ? [] : [{ kind, value: claimed }],
    );
    if (claim === undefined || more.length > 0) {
      throw usageFault('give one of --fingerprint, --subject and --address-range');
    }
    const { api, instance } = await context.tenant();
    const params = { path: { instance_id: instance } };
    const call = api.POST('/v1/instances/{instance_id}/certificate_claims', { params, body: claim });
    return claimAnswer(await answerOf(call));
  },
});
