import audit from './audit.json';
import certificate from './certificate.json';
import connect from './connect.json';
import diagnosis from './diagnosis.json';
import instance from './instance.json';
import keys from './keys.json';
import overview from './overview.json';
import problem from './problem.json';
import reclaim from './reclaim.json';
import rootKey from './root-key.json';
import settings from './settings.json';
import shell from './shell.json';
import shred from './shred.json';
import usage from './usage.json';
import verdict from './verdict.json';
import webhook from './webhook.json';

export default {
  ...audit,
  ...certificate,
  ...connect,
  ...diagnosis,
  ...instance,
  ...keys,
  ...overview,
  ...problem,
  ...reclaim,
  ...rootKey,
  ...settings,
  ...shell,
  ...shred,
  ...usage,
  ...verdict,
  ...webhook,
};
