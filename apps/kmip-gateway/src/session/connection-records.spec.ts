import { type CountedSighting } from '@lib/diagnosis';

import { ConnectionRecords } from './connection-records';
import { alone, entry, FINGERPRINT, INSTANCE, NOW, peer, stranger } from './session.fixture';

describe('ConnectionRecords', () => {
  let written: CountedSighting[];
  let nowMs: number;
  let records: ConnectionRecords;

  beforeEach(() => {
    written = [];
    nowMs = 0;
    records = new ConnectionRecords({
      reports: { report: (sightings) => Promise.resolve(void written.push(...sightings)) },
      endpointName: 'kmip-1',
      clock: { now: () => new Date(NOW.getTime() + nowMs), monotonicMs: () => nowMs },
      log: () => undefined,
    });
  });

  const accepted = { client: entry(), registrations: alone(entry()) };
  const unknown = { refusal: 'certificate_unknown', message: '' } as const;
  const counts = (): (readonly [string, number])[] => written.map(({ verdict, occurrences }) => [verdict, occurrences]);

  it('tells who came, from where, with which certificate, and whose it is', async () => {
    records.judged(peer({ remoteAddress: 'fe80::1%eth0' }), accepted);
    await records.stop();
    expect(written).toEqual([
      {
        verdict: 'accepted',
        address: 'fe80::1',
        endpoint: 'kmip-1',
        at: NOW,
        instanceId: INSTANCE,
        occurrences: 1,
        certificate: expect.objectContaining({
          fingerprint: FINGERPRINT,
          sha1Fingerprint: expect.stringMatching(/^[0-9a-f]{40}$/) as string,
          subject: 'CN=vcenter',
          pem: '-----BEGIN CERTIFICATE-----\nYSBjZXJ0aWZpY2F0ZQ==\n-----END CERTIFICATE-----\n',
        }) as object,
      },
    ]);
  });

  it('counts a connection once, and keeps the time of one that stays', async () => {
    const client = peer();
    for (; nowMs < 300_000; nowMs += 100) records.judged(client, accepted);
    await records.stop();
    expect(counts()).toEqual([['accepted', 1]]);
    expect(written[0]?.at.getTime()).toBe(NOW.getTime() + 240_000);
  });

  it('notes what we presented once the client asks for something: a handshake alone fetches the certificate', async () => {
    const client = peer();
    records.handshakeCompleted(client);
    records.judged(client, accepted);
    nowMs += 100;
    records.judged(client, accepted, true);
    records.judged(client, accepted, true);
    const looksOnly = peer({ remoteAddress: '192.0.2.7' });
    records.handshakeCompleted(looksOnly);
    records.judged(looksOnly, accepted);
    await records.stop();
    expect(written.map(({ address, occurrences, server }) => [address, occurrences, server])).toEqual([
      [client.remoteAddress, 1, { fingerprint: client.serverFingerprint, at: NOW }],
      ['192.0.2.7', 1, undefined],
    ]);
  });

  it('notes when an open connection is refused from now on', async () => {
    const client = peer();
    records.judged(client, accepted);
    records.judged(client, { refusal: 'certificate_expired', message: '', known: entry() });
    await records.stop();
    expect(counts()).toEqual([
      ['accepted', 1],
      ['certificate_expired', 1],
    ]);
  });

  it('lets no flood of strangers push out what is known of clients', async () => {
    for (let host = 0; host < 5_000; host += 1) {
      records.judged({ ...stranger(), remoteAddress: `198.51.${host >> 8}.${host & 255}` }, unknown);
    }
    records.judged(peer(), accepted);
    await records.stop();
    expect(counts()).toContainEqual(['accepted', 1]);
    expect(written).toHaveLength(101);
    expect(records.dropped).toBe(4_900);
  });

  it('notes handshakes that failed for a reason, and limits, but no health checks', async () => {
    records.handshakeFailed('closed_by_peer', '192.0.2.9');
    records.handshakeFailed('rejected_by_peer', '192.0.2.9');
    records.limitReached('half_open_per_address', '192.0.2.9');
    records.limitReached('connections_per_certificate', '192.0.2.1');
    records.turnedAway(peer(), 'connections_per_certificate', accepted);
    await records.stop();
    expect(counts().sort()).toEqual([
      ['connections_per_certificate', 1],
      ['half_open_per_address', 1],
      ['rejected_by_peer', 1],
    ]);
    expect(written.find(({ verdict }) => verdict === 'connections_per_certificate')?.instanceId).toBe(INSTANCE);
  });
});
