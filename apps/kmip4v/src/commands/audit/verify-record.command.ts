import { argument, command, needed, value } from '../../command-line/command';
import { optionWords, verified } from './verify';

export const auditVerifyRecord = command({
  name: 'verify-record',
  about: 'Check the signed record of a shred plan offline',
  arguments: { record: argument('what `kmip4v shred record` wrote') },
  options: {
    keys: needed('FILE', 'public keys of the service (kmip4v audit keys)'),
    of: value('ID', 'instance that it must be of'),
  },
  run: async ({ record, keys, of }) => await verified(optionWords({ record, keys, instance: of })),
});
