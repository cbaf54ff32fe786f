import { command } from '../../command-line/command';
import { listed } from '../../output/answer';
import { allInstances } from '../../tenant/instance';
import { INSTANCE_COLUMNS } from './instance-view';

export const instanceList = command({
  name: 'list',
  about: 'List the instances that you may see',
  run: async (_given, { api }) => listed(await allInstances(await api()), INSTANCE_COLUMNS, 'There is no instance.'),
});
