import { createPrivateKey, X509Certificate } from 'node:crypto';

import { issueCertificateAuthority, issueClientCertificate } from './issue';
import { newSigningRequest } from './new-signing-request';
import { signCertificateRequest } from './signing-request';

const SUBJECT = {
  commonName: 'vc.example.com',
  organization: 'Acme, Inc.',
  organizationUnit: 'IT+OT',
  locality: 'Mainz',
  state: 'RLP',
  country: 'DE',
  email: 'admin@example.com',
};
const SHOWN = [
  'CN=vc.example.com',
  'O=Acme\\, Inc.',
  'OU=IT\\+OT',
  'L=Mainz',
  'ST=RLP',
  'C=DE',
  'emailAddress=admin@example.com',
].join('\n');

it('makes a request that is signed as any other, for the key it hands out', async () => {
  const ca = await issueCertificateAuthority({ commonName: 'CA', validDays: 2 });
  const made = await newSigningRequest(SUBJECT);
  const { certificatePem } = await signCertificateRequest(ca, made.requestPem, { validDays: 1 });
  const certificate = new X509Certificate(certificatePem);
  expect(certificate.subject).toBe(SHOWN);
  expect(certificate.checkPrivateKey(createPrivateKey(made.privateKeyPem.expose()))).toBe(true);
});

it('puts the same fields into a certificate that vCenter signs itself', async () => {
  const { certificatePem } = await issueClientCertificate('self-signed', { ...SUBJECT, validDays: 1 });
  expect(new X509Certificate(certificatePem).subject).toBe(SHOWN);
});
