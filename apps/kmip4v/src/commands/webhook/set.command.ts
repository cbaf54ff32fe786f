import { argument, command, flag, value } from '../../command-line/command';
import { usageFault } from '../../command-line/faults';
import { deliver, openDelivery } from '../../profiles/delivery';
import { answerOf, present, shownOrTried, trial } from '../../tenant/asking';
import { WEBHOOK_FIELDS } from './webhook-view';

export const webhookSet = command({
  name: 'set',
  about: 'Have events sent to an address',
  details:
    'They are signed with a secret: your own (--secret-file), or one that the service makes and tells once (--secret-out).',
  arguments: { url: argument('where to, with https') },
  options: {
    vmNames: flag('send names of machines along'),
    secretFile: value('FILE', 'the secret; - reads standard input'),
    secretOut: value('FILE', 'where to write the secret that the service makes; - prints it'),
    dryRun: flag('only try it'),
  },
  async run({ url, vmNames, secretFile, secretOut, dryRun }, context) {
    if (!dryRun && (secretFile === undefined) === (secretOut === undefined)) {
      throw usageFault('give either --secret-file or --secret-out');
    }
    const own = secretFile === undefined ? undefined : String(await context.read(secretFile)).trim();
    const { api, instance } = await context.tenant();
    const delivery = secretOut === undefined || dryRun ? undefined : await openDelivery(secretOut);
    const params = { path: { instance_id: instance }, header: trial(dryRun) };
    const body = { url, vm_names: vmNames, ...present({ secret: own }) };
    const setting = answerOf(api.PUT('/v1/instances/{instance_id}/webhook', { params, body }));
    const answer = await (delivery?.orDiscard(setting) ?? setting);
    if (answer === undefined) return shownOrTried(answer, WEBHOOK_FIELDS);
    const { secret = '', ...webhook } = answer;
    if (delivery !== undefined) await deliver(delivery, secret, context.out);
    return secretOut === '-' ? undefined : shownOrTried(webhook, WEBHOOK_FIELDS);
  },
});
