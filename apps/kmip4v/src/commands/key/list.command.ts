import { choice, command, flag, value } from '../../command-line/command';
import { usageFault } from '../../command-line/faults';
import { listed } from '../../output/answer';
import { collected, countIn, present } from '../../tenant/asking';
import { findCertificate } from '../certificate/find-certificate';
import { machineAttribute } from './find-key';
import { KEY_COLUMNS } from './key-view';

const SORTS = ['created_at', '-created_at', 'last_fetched.at', '-last_fetched.at', 'name', '-name'] as const;

export const keyList = command({
  name: 'list',
  about: 'List keys: of a machine, in a state, or those that cannot be served',
  options: {
    vm: value('NAME', 'only keys of this machine or host, as vCenter named it'),
    name: value('NAME', 'only the key with this KMIP name'),
    attribute: value('NAME=VALUE', 'only keys with this client attribute; the name begins with x-'),
    state: value('STATES', 'only keys in these states, with commas between'),
    servable: flag('only keys that can be served'),
    unservable: flag('only keys that cannot be served, each with the reason'),
    suspended: flag('only keys that are suspended'),
    createdBy: value('CERTIFICATE', 'only keys that this client certificate created'),
    created: value('TIME', 'only keys created then, e.g. gte:2026-11-01'),
    fetched: value('TIME', 'only keys last fetched then, e.g. lt:2026-11-01'),
    sort: choice(SORTS, 'in this order'),
    limit: value('NUMBER', 'no more than that'),
  },
  async run(given, context) {
    if (given.servable && given.unservable) throw usageFault('give either --servable or --unservable');
    if (given.vm !== undefined && given.attribute !== undefined) throw usageFault('give either --vm or --attribute');
    const most = countIn('--limit', given.limit);
    const { api, instance } = await context.tenant();
    const creator = given.createdBy === undefined ? undefined : await findCertificate(api, instance, given.createdBy);
    const query = present({
      name: given.name,
      attribute: given.vm === undefined ? given.attribute : machineAttribute(given.vm),
      state: given.state,
      servable: given.servable ? true : given.unservable ? false : undefined,
      suspended: given.suspended ? true : undefined,
      'created_by.sha256_fingerprint': creator?.sha256_fingerprint,
      created_at: given.created,
      'last_fetched.at': given.fetched,
      sort: given.sort,
    });
    const path = { instance_id: instance };
    const items = await collected(
      (page) => api.GET('/v1/instances/{instance_id}/keys', { params: { path, query: { ...page, ...query } } }),
      ({ keys }) => keys,
      most,
    );
    return listed(items, KEY_COLUMNS, 'There is no such key.');
  },
});
