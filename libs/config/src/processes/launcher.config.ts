import { region } from '../cloud-addresses';
import { type ConfigOf, defaulted, optional } from '../setting';
import { host, hostList, onOff, path, port, postgresUrl } from '../setting-types';
import { loggingSettings, processLogins } from './common-settings';

const portSetting = (variable: string, fallback: string, meaning: string): ReturnType<typeof defaulted<number>> =>
  defaulted(variable, port, fallback, { meaning, consequence: 'A port that is taken stops the start with a message.' });

export const launcherConfig = {
  ...loggingSettings,
  dataFolder: defaulted('DATA_DIR', path, '.data', {
    meaning: 'Folder for everything that outlives a restart: database, keys, certificates, the stand-in cloud.',
    consequence: 'Two copies on one machine need two folders. Deleted: all keys made here are lost.',
  }),
  databaseUrl: optional('DATABASE_URL', postgresUrl, {
    meaning: 'A PostgreSQL of your own, with the login that owns the database.',
    consequence: 'Unset: the launcher starts a PostgreSQL in the data folder.',
  }),
  ...processLogins,
  region: defaulted('REGION', region, 'us-south', {
    meaning: 'Region of the demo installation.',
    consequence: 'Stands in CRNs; do not change it in an existing data folder.',
  }),
  kmipHost: defaulted('KMIP_HOST', host, '127.0.0.1', {
    meaning: 'Address the KMIP ports listen on.',
    consequence: 'Set `0.0.0.0` to let a vCenter on another machine connect.',
  }),
  kmipPort1: portSetting('KMIP_PORT_1', '5696', 'Port of the first KMIP endpoint.'),
  kmipPort2: portSetting('KMIP_PORT_2', '5697', 'Port of the second KMIP endpoint.'),
  kmipServerNames: defaulted('KMIP_SERVER_NAMES', hostList, 'localhost,127.0.0.1', {
    meaning: 'Names and addresses by which vCenter reaches this machine.',
    consequence: 'Go into the server certificate at the first start.',
  }),
  managementPort: portSetting('MANAGEMENT_PORT', '8080', 'Port of the tenant API and the service broker.'),
  localCloudPort: portSetting('LOCAL_CLOUD_PORT', '7070', 'Port of the stand-in cloud.'),
  localVcenter: defaulted('LOCAL_VCENTER', onOff, 'on', {
    meaning: 'Whether a stand-in vCenter is started too, after everything else is ready.',
    consequence: 'Off: `connection.json` has no `vcenter`.',
  }),
  localVcenterPort: portSetting('LOCAL_VCENTER_PORT', '8443', 'HTTPS port of the stand-in vCenter.'),
  consoleBuild: defaulted('CONSOLE_BUILD', onOff, 'on', {
    meaning:
      'Whether the web console is built in the background, after everything is ready, when it is not up to date.',
    consequence: 'Off: it is as `npm run build:console` left it. Installations without the sources have it built.',
  }),
  healthPort1: portSetting('HEALTH_PORT_1', '9091', 'Health and metrics port of the first KMIP endpoint.'),
  healthPort2: portSetting('HEALTH_PORT_2', '9092', 'Health and metrics port of the second KMIP endpoint.'),
  healthPort3: portSetting('HEALTH_PORT_3', '9093', 'Health and metrics port of the management API.'),
} as const;

export type LauncherConfig = ConfigOf<typeof launcherConfig>;
