import { sha256Of } from '../certificates';
import { type Begun } from '../known-vcenter';
import { type Step, wordsOf } from '../plan/steps';
import { type ConnectWorld, providerOf } from './connect-world';

/** Of a test key: with the run that made it. */
export const TEST_ATTRIBUTE = 'x-kmip4v-test';

/**
 * What a run that was killed had noted and made is as it should be by now, or goes. The last step, since what can be taken
 * up has been then.
 */
export const nothingLeftOver: Step<ConnectWorld> = {
  what: 'nothing is left of a run that was cut off',
  isDone: async ({ notes }) => (await notes.begun()).length === 0,
  async do(world) {
    for (const what of await world.notes.begun()) {
      try {
        await settle(world, what);
        await world.notes.forget(what);
      } catch (error) {
        // What is connected stays so: the next run tries again.
        world.note(`Something is left of a run that was cut off, and could not be taken away: ${wordsOf(error)}`);
      }
    }
  },
};

async function settle(world: ConnectWorld, what: Begun): Promise<void> {
  const { service, note } = world;
  if (what.kind === 'test_key') {
    for (const { id } of await service.keysWith(`${TEST_ATTRIBUTE}=${what.name}`)) await service.destroyKey(id);
    return;
  }
  if (what.kind === 'credential') {
    const issued = (await service.credentials()).filter(({ id }) => !what.before.includes(id));
    // vCenter has one of them: that of this run, or the only one.
    const others = issued.filter(({ id }) => id !== world.credential?.id);
    if (others.length === 0 || issued.length === 1) return;
    // It may be somebody else's: passwords have no names.
    const ids = others.map(({ id }) => id).join(', ');
    note(
      `A run that was cut off may have issued a KMIP password that nobody knows (${ids}): kmip4v kmip-credential list.`,
    );
    return;
  }
  const certificate = (await service.certificates()).find(({ name }) => name === what.name);
  if (certificate === undefined || certificate.lastSeen !== undefined) return;
  const current = (await providerOf(world)) && (await world.providers.clientCertificate(world.wish.provider));
  if (current !== undefined && sha256Of(current) === certificate.sha256) return;
  await service.unregister(certificate);
}
