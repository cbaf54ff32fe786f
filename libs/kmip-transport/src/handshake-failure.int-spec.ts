import { type IssuedCertificate, issueCertificateAuthority, issueServerCertificate } from '@lib/pki';
import { curveRecipe, describeWithOpenssl, EchoHandler, Openssl, RawPeer, RecordingObserver } from '@lib/testing';

import { KmipListener } from './index';

/** Node looks at a server's certificate after the handshake and says nothing; OpenSSL does as vCenter does. */
describeWithOpenssl('a handshake that fails for the sake of a certificate', () => {
  let openssl: Openssl;
  let server: IssuedCertificate;
  let observer: RecordingObserver;
  let listener: KmipListener;
  let port: number;

  beforeAll(async () => {
    openssl = await Openssl.open();
    const ca = await issueCertificateAuthority({ commonName: 'Test CA', validDays: 2 });
    const stranger = await issueCertificateAuthority({ commonName: 'another CA', validDays: 2 });
    server = await issueServerCertificate(ca, { commonName: 'kmip', dnsNames: [], ipAddresses: [], validDays: 1 });
    await openssl.write('ca.pem', ca.certificatePem);
    await openssl.write('stranger.pem', stranger.certificatePem);
  });
  afterAll(() => openssl.remove());

  beforeEach(async () => {
    observer = new RecordingObserver();
    listener = new KmipListener({
      host: '127.0.0.1',
      port: 0,
      certificate: server,
      handler: new EchoHandler(),
      observer,
    });
    ({ port } = await listener.listen());
  });
  afterEach(() => listener.close({ graceMs: 0 }));

  const connect = (version: string, authority: string): Promise<string> =>
    openssl.run('s_client', '-connect', `127.0.0.1:${port}`, version, '-verify_return_error', '-CAfile', authority);

  it.each(['-tls1_2', '-tls1_3'])('is told apart when the client distrusts ours, %s', async (version) => {
    await expect(connect(version, 'stranger.pem')).rejects.toThrow(/verify failed/);
    expect(await observer.next('failed')).toMatchObject({ reason: 'server_certificate_distrusted' });
  });

  it.each(['-tls1_2', '-tls1_3'])('does not happen to a client that trusts ours, %s', async (version) => {
    await connect(version, 'ca.pem');
    expect(observer.all('failed')).toEqual([]);
    expect(observer.all('handshake')).toHaveLength(1);
  });

  it('is told apart when the certificate of the client is on a curve that is not accepted', async () => {
    const identity = await openssl.selfSigned(curveRecipe('secp256k1'));
    await expect(RawPeer.tls(port, identity, { maxVersion: 'TLSv1.2' })).rejects.toThrow();
    expect(await observer.next('failed')).toMatchObject({ reason: 'client_certificate_unusable' });
  });
});
