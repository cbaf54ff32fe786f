import { type FastifyInstance } from 'fastify';

import { type Center } from '../center';
import { encryptAsSeeded } from '../inventory/first-encryption';
import { machineSeals } from '../inventory/proof';
import { seedRows } from '../inventory/seed';
import { type HostRow } from '../rows';
import { AdminError, bodyOf, done, encryptInput, hostInput, parse, seedInput } from './admin-input';

/** The machines, and what happens to the hosts they run on. */
export function registerInventoryAdmin(admin: FastifyInstance, center: Center): void {
  admin.post('/inventory', async (request, reply) => {
    if (center.inventory.vms().length > 0) throw new AdminError(409, 'there is an inventory already');
    await center.inventory.put(...seedRows(parse(seedInput, bodyOf(request))));
    return done(reply);
  });
  admin.get('/inventory', () => ({ machines: center.inventory.vms(), hosts: center.inventory.hosts() }));
  admin.post('/inventory/encrypt', async (request, reply) => {
    const { provider: id } = parse(encryptInput, bodyOf(request));
    const provider = center.providers.find(id);
    if (provider === undefined) throw new AdminError(404, 'no such key provider');
    await encryptAsSeeded(center, provider);
    return done(reply);
  });
  /** Fetches every key from its key server, and tries it on what it should open. */
  admin.post('/inventory/prove', () => machineSeals(center));

  admin.post<{ Params: { id: string } }>('/hosts/:id/reboot', async (request, reply) => {
    await center.hosts.reboot(hostOf(center, request.params.id), center.clock.now());
    await center.hosts.settled();
    return done(reply);
  });
  admin.patch<{ Params: { id: string } }>('/hosts/:id', async (request, reply) => {
    const host = hostOf(center, request.params.id);
    await center.inventory.put(['host', host.id, { ...host, ...parse(hostInput, bodyOf(request)) }]);
    return done(reply);
  });
}

function hostOf({ inventory }: Center, id: string): HostRow {
  const host = inventory.host(id);
  if (host === undefined) throw new AdminError(404, 'no such host');
  return host;
}
