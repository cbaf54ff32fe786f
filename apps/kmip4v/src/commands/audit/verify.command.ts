import { argument, command, flag, optionalArgument, value } from '../../command-line/command';
import { optionWords, verified } from './verify';

export const auditVerify = command({
  name: 'verify',
  about: 'Check an exported audit trail offline',
  details: 'Ends with 0 when it is intact, with 1 when something was changed, and with 2 when it could not be checked.',
  arguments: {
    log: argument('what `kmip4v audit export` wrote'),
    head: optionalArgument('what `kmip4v audit head` wrote before the export, or SEQ:HASH'),
  },
  options: {
    keys: value(
      'FILE',
      'public keys of the service (kmip4v audit keys), for a signed head; better ones that were kept',
    ),
    after: value('HEAD', 'head at which an earlier export ended: this one must go on from there'),
    of: value('ID', 'instance that it must be of'),
    part: flag('it is of a part of the time: neither end is demanded'),
  },
  run: async ({ log, head, keys, after, of, part }) =>
    await verified([
      ...optionWords({ keys, after, instance: of }),
      ...(part ? ['--part'] : []),
      '--',
      log,
      ...(head === undefined ? [] : [head]),
    ]),
});
