import { type ConnectWorld } from './connect-world';
import { FakeNotes } from './fake-service.fixture';

/** A run at the key provider kp, from its beginning, in which nobody has to wait. */
export const aConnectWorld = (
  parts: Pick<ConnectWorld, 'providers' | 'service'> & Partial<ConnectWorld>,
): ConnectWorld => ({
  endpoints: [],
  wish: {
    provider: 'kp',
    trust: 'self-signed',
    credential: false,
    makeDefault: false,
    testAgain: false,
    waitMs: 5_000,
  },
  notes: new FakeNotes(),
  now: () => new Date(),
  pause: () => Promise.resolve(),
  note: () => undefined,
  changed: false,
  madeProvider: false,
  ...parts,
});
