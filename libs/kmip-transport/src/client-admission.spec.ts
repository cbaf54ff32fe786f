import { toFingerprint } from '@lib/kernel';

import { ClientAdmission } from './client-admission';
import { type Admission } from './handler';
import { DEFAULT_TRANSPORT_LIMITS, type TransportLimitName, type TransportLimits } from './limits';
import { type PeerDescription } from './peer';

/** Those that are reached past the handshake. The others are told to nobody: there is no KMIP yet, or no room. */
type ClientLimit = Exclude<TransportLimitName, `half_open${string}` | 'large_requests'>;

/** What there may be two of, and how three clients count for it, of whom two alone are within every limit. */
interface Case {
  readonly limits: Partial<TransportLimits>;
  readonly admission: (n: number) => Admission;
  readonly address?: (n: number) => string;
}

const someone = (n: number): Admission => ({ owner: `owner ${n}`, account: `account ${n}` });

const CASES: Readonly<Record<ClientLimit, Case>> = {
  connections: { limits: { maximumConnections: 2 }, admission: someone },
  connections_per_certificate: { limits: { maximumConnectionsPerCertificate: 2 }, admission: someone },
  connections_per_owner: {
    limits: { maximumConnectionsPerOwner: 2 },
    admission: () => ({ owner: 'owner', account: 'account' }),
  },
  connections_per_account: {
    limits: { maximumConnectionsPerAccount: 2 },
    admission: (n) => ({ owner: `owner ${n}`, account: 'account' }),
  },
  strangers: { limits: { maximumStrangers: 2 }, admission: () => 'stranger', address: (n) => `192.0.2.${n}` },
  strangers_per_address: { limits: { maximumStrangersPerAddress: 2 }, admission: () => 'stranger' },
};

const peer = (remoteAddress: string): PeerDescription => ({
  connectionId: '1',
  remoteAddress,
  remotePort: 50_000,
  tlsVersion: 'TLSv1.3',
  cipher: 'TLS_AES_256_GCM_SHA384',
  legacyCipher: false,
  fullHandshake: true,
  serverFingerprint: toFingerprint('5e'.repeat(32)),
});

describe('a client over', () => {
  it.each(Object.entries(CASES))(
    '%s is heard once, to be told which limit it is; there is room again when one leaves',
    (limit, of) => {
      let next = 0;
      const handler = {
        admit: () => of.admission(next),
        handleMessage: () => Promise.reject(new Error('not asked')),
        overLimit: () => Buffer.alloc(0),
      };
      const admission = new ClientAdmission(handler, { ...DEFAULT_TRANSPORT_LIMITS, ...of.limits });
      const enter = () => {
        next += 1;
        return admission.enter(peer(of.address?.(next) ?? '192.0.2.1'));
      };
      const [first, second, third] = [enter(), enter(), enter()];
      expect([first.limit, second.limit]).toEqual([undefined, undefined]);
      expect(third).toMatchObject({ limit, refusal: limit, heard: true });
      // The last to come is not counted, and what it had taken of other limits is given back.
      third.leave();
      first.leave();
      expect([enter().limit, enter().limit]).toEqual([undefined, limit]);
    },
  );
});
