import { argument, command } from '../../command-line/command';
import { shown } from '../../output/answer';
import { findKey } from './find-key';
import { KEY_FIELDS } from './key-view';

export const keyShow = command({
  name: 'show',
  about: 'Show what is known about a key; its material is never shown',
  arguments: { key: argument('its identifier, KMIP name, or the name of its machine') },
  async run({ key }, context) {
    const { api, instance } = await context.tenant();
    return shown(await findKey(api, instance, key), KEY_FIELDS);
  },
});
