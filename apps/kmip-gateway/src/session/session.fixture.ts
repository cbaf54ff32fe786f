import { toFingerprint, toInstanceId } from '@lib/kernel';
import { type PeerDescription } from '@lib/kmip-transport';
import { type DirectoryEntry, type Registrations } from '@lib/tenancy';

const DAY_MS = 86_400_000;
export const NOW = new Date('2026-11-24T12:00:00Z');
export const FINGERPRINT = toFingerprint('ab'.repeat(32));
export const INSTANCE = toInstanceId('11111111-2222-4333-8444-555555555555');

export const days = (count: number): Date => new Date(NOW.getTime() + count * DAY_MS);

const connection: PeerDescription = {
  connectionId: '1',
  remoteAddress: '192.0.2.1',
  remotePort: 50_000,
  tlsVersion: 'TLSv1.3',
  cipher: 'TLS_AES_256_GCM_SHA384',
  legacyCipher: false,
  fullHandshake: true,
  serverFingerprint: toFingerprint('5e'.repeat(32)),
};

/** A client without a certificate. */
export const nobody = (): PeerDescription => ({ ...connection });

/** A client with a certificate that is valid now. */
export const peer = (changes: Partial<PeerDescription> = {}): PeerDescription => ({
  ...connection,
  fingerprint: FINGERPRINT,
  certificate: {
    der: Buffer.from('a certificate'),
    subject: 'CN=vcenter',
    issuer: 'CN=vcenter',
    serialNumber: '01',
    validFrom: days(-1),
    validTo: days(1),
  },
  ...changes,
});

export const stranger = (): PeerDescription => peer({ fingerprint: toFingerprint('cd'.repeat(32)) });

/** What the allow-list has about {@link FINGERPRINT}. */
export const entry = (changes: Partial<DirectoryEntry> = {}): DirectoryEntry => ({
  fingerprint: FINGERPRINT,
  certificateId: 'c1',
  certificateName: 'vcenter-01',
  notBefore: days(-1),
  notAfter: days(1),
  instanceId: INSTANCE,
  instanceEnabled: true,
  instanceState: 'installed',
  maximumKeys: 10,
  accountId: 'a1',
  credentialPolicy: 'ignore',
  standing: { registeredAt: days(-1), issued: false },
  ...changes,
});

/** A certificate that only one instance registers. */
export const alone = (client: DirectoryEntry): Registrations => ({ current: [client], former: [] });
