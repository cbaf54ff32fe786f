import { type Step } from '../plan/steps';
import { type ConnectWorld, providerOf } from './connect-world';

/** vCenter sends the instance's KMIP user name and password: the proof that it is the tenant's. */
export const setCredential: Step<ConnectWorld> = {
  what: 'vCenter sends the KMIP user name and password of the instance',
  // vCenter never returns the password, so the user name alone can be compared.
  async isDone(world) {
    const [info, userName] = [await providerOf(world), (await world.service.credentials())[0]?.userName];
    const servers = info?.servers ?? [];
    return userName !== undefined && servers.length > 0 && servers.every((server) => server.userName === userName);
  },
  async do(world) {
    world.changed = true;
    const servers = (await providerOf(world))?.servers ?? [];
    world.userNamesBefore = new Map(servers.map(({ name, userName }) => [name, userName ?? '']));
    const before = (await world.service.credentials()).map(({ id }) => id);
    world.begunCredential = { kind: 'credential', before };
    await world.notes.note(world.begunCredential);
    world.credential = await world.service.issueCredential();
    const { userName, password } = world.credential;
    for (const { name, address, port } of servers) {
      await world.providers.updateServer(world.wish.provider, { name, address, port, userName, password });
    }
    await world.notes.forget(world.begunCredential);
  },
  async undo(world) {
    if (world.credential === undefined) return;
    for (const { name, address, port, userName } of (await providerOf(world))?.servers ?? []) {
      if (userName !== world.credential.userName) continue;
      const before = world.userNamesBefore?.get(name) ?? '';
      // The password before cannot be read, so it is cleared with ours; a client without one is served all the same.
      await world.providers.updateServer(world.wish.provider, { name, address, port, userName: before, password: '' });
    }
    await world.service.withdrawCredential(world.credential.id);
    if (world.begunCredential !== undefined) await world.notes.forget(world.begunCredential);
  },
};
