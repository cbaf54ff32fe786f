import { command } from '../../command-line/command';
import { listed } from '../../output/answer';
import { FORMER_ROOT_KEY_COLUMNS } from './former-root-key-view';
import { formerRootKeys } from './former-root-keys';

export const formerRootKeyList = command({
  name: 'list',
  about: 'List the root keys that were replaced and that keys lie under still',
  async run(_given, context) {
    const { api, instance } = await context.tenant();
    const found = await formerRootKeys(api, instance);
    return listed(found, FORMER_ROOT_KEY_COLUMNS, 'All keys lie under the root key that is bound.');
  },
});
