import { type ConfigOf, defaulted } from '../setting';
import { host, path, port } from '../setting-types';
import { loggingSettings } from './common-settings';

export const localCloudConfig = {
  ...loggingSettings,
  localCloudHost: defaulted('LOCAL_CLOUD_HOST', host, '127.0.0.1', {
    meaning: 'Address the stand-in listens on.',
    consequence: 'It protects nothing. Do not open it to a network.',
  }),
  localCloudPort: defaulted('LOCAL_CLOUD_PORT', port, '7070', {
    meaning: 'Port of all stand-in services.',
    consequence: 'A port that is taken stops the start with a message.',
  }),
  localCloudData: defaulted('LOCAL_CLOUD_DATA', path, '.data/local-cloud', {
    meaning: 'Folder where the stand-in keeps its instances and keys.',
    consequence: 'Deleted: every key wrapped by a root key in it is lost.',
  }),
} as const;

export type LocalCloudConfig = ConfigOf<typeof localCloudConfig>;
