import certificate from './certificate.json';
import connect from './connect.json';
import diagnosis from './diagnosis.json';
import instance from './instance.json';
import overview from './overview.json';
import problem from './problem.json';
import shell from './shell.json';
import verdict from './verdict.json';

export default {
  ...certificate,
  ...connect,
  ...diagnosis,
  ...instance,
  ...overview,
  ...problem,
  ...shell,
  ...verdict,
};
