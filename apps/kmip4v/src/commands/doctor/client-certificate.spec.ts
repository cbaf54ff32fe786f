import { issueClientCertificate } from '@lib/pki';

import { certificateIn, demandKeyOf } from './client-certificate';

describe('the private key that doctor is given', () => {
  const issued = () => issueClientCertificate('self-signed', { commonName: 'vc', validDays: 1, keyKind: 'ec-p256' });
  const judged = (certificatePem: string, key: string) => () =>
    demandKeyOf(certificateIn(certificatePem, 'vc.pem'), Buffer.from(key), 'vc.key');

  it('has to be that of the certificate', async () => {
    const [own, other] = await Promise.all([issued(), issued()]);
    expect(judged(own.certificatePem, own.privateKeyPem.exposeText())).not.toThrow();
    expect(judged(own.certificatePem, other.privateKeyPem.exposeText())).toThrow(
      'vc.key holds the private key of another certificate',
    );
    expect(judged(own.certificatePem, own.certificatePem)).toThrow('vc.key holds no private key in PEM');
  });
});
