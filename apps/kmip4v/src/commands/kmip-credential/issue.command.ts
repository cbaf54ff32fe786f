import { command, needed } from '../../command-line/command';
import { told } from '../../output/answer';
import { deliver, openDelivery } from '../../profiles/delivery';
import { answerOf } from '../../tenant/asking';

export const kmipCredentialIssue = command({
  name: 'issue',
  about: 'Issue a user name and password for the key provider in vCenter',
  details:
    'The password can be read this one time. It goes to a file that you alone can read, or with --out - to standard output.',
  options: { out: needed('FILE', 'where to write the password; - prints it') },
  async run({ out }, context) {
    const { api, instance } = await context.tenant();
    const delivery = await openDelivery(out);
    const params = { path: { instance_id: instance } };
    const issuing = answerOf(api.POST('/v1/instances/{instance_id}/kmip_credentials', { params }));
    const { password = '', ...credential } = await delivery.orDiscard(issuing);
    await deliver(delivery, password, context.out);
    if (out === '-') return undefined;
    return told(`User name ${credential.username}; its password is in ${out}.`, { ...credential, password_file: out });
  },
});
