import { describeCertificate, issueClientCertificate } from '@lib/pki';

import { type KmipEndpoint } from '../instances/kmip-endpoint';
import { serverTrustResponse } from './server-trust.response';

describe('serverTrustResponse', () => {
  const at = new Date('2026-11-24T12:00:00.000Z');
  const former = { fingerprint: 'f0'.repeat(32), at };
  let endpoint: KmipEndpoint;
  let present: { readonly fingerprint: string; readonly at: Date };

  beforeAll(async () => {
    const { certificatePem: pem } = await issueClientCertificate('self-signed', { commonName: 'kmip', validDays: 30 });
    const description = describeCertificate(pem, at);
    endpoint = { name: 'kmip-1', host: 'a', port: 5696, certificate: { pem, chain: [], description } };
    present = { fingerprint: description.fingerprint, at };
  });

  const statesOf = (...accepted: Parameters<typeof serverTrustResponse>[1]): unknown[] =>
    serverTrustResponse([endpoint, { name: 'kmip-2', host: 'b', port: 5696 }], accepted).map((each) =>
      'state' in each ? each.state : undefined,
    );

  it('tells of each endpoint by itself whether what it presents now is what was accepted last', () => {
    expect(statesOf({ endpoint: 'kmip-1', server: present })).toEqual(['trusts_present', 'not_seen']);
    expect(statesOf({ endpoint: 'kmip-1', server: former })).toEqual(['trusted_former', 'not_seen']);
    // Where nobody told it which certificate the endpoint has.
    expect(statesOf({ endpoint: 'kmip-2', server: former })).toEqual(['not_seen', 'unknown']);
  });

  it('names the certificate and the time', () => {
    expect(serverTrustResponse([endpoint], [{ endpoint: 'kmip-1', server: former }])).toEqual([
      {
        endpoint: 'kmip-1',
        state: 'trusted_former',
        accepted_sha256_fingerprint: former.fingerprint,
        accepted_at: '2026-11-24T12:00:00.000Z',
      },
    ]);
  });

  it('knows no endpoint that is no longer offered', () => {
    expect(serverTrustResponse([], [{ endpoint: 'kmip-9', server: former }])).toEqual([]);
  });
});
