import { CLIENT_KEY_KINDS } from '@lib/kernel';
import {
  assertAcceptableCertificate,
  describeCertificate,
  type IssuedCertificate,
  issueCertificateAuthority,
  issueServerCertificate,
  signCertificateRequest,
} from '@lib/pki';
import {
  curveRecipe,
  describeWithOpenssl,
  EchoHandler,
  framed,
  type KeyRecipe,
  Openssl,
  RawPeer,
  recipesOf,
  rsaRecipe,
} from '@lib/testing';

import { KmipListener } from './index';

const accepted = CLIENT_KEY_KINDS.flatMap(recipesOf);

/** Keys that somebody may have and that cannot connect in both TLS versions. */
const refused: readonly (readonly [string, KeyRecipe, 'too_weak' | 'unsupported'])[] = [
  ['secp256k1', curveRecipe('secp256k1'), 'unsupported'],
  ['brainpoolP256r1', curveRecipe('brainpoolP256r1'), 'unsupported'],
  ['brainpoolP384r1', curveRecipe('brainpoolP384r1'), 'unsupported'],
  ['brainpoolP512r1', curveRecipe('brainpoolP512r1'), 'unsupported'],
  ['secp224r1', curveRecipe('secp224r1'), 'unsupported'],
  ['Ed448', ['-algorithm', 'ED448'], 'unsupported'],
  ['RSA 1024', rsaRecipe(1024), 'too_weak'],
  ['RSA-PSS 1024', rsaRecipe(1024, 'RSA-PSS'), 'too_weak'],
  ['RSA-PSS for SHA-1', rsaRecipe(2048, 'RSA-PSS', 'rsa_pss_keygen_md:sha1'), 'unsupported'],
  [
    'RSA-PSS with a salt longer than the hash',
    rsaRecipe(2048, 'RSA-PSS', 'rsa_pss_keygen_md:sha256', 'rsa_pss_keygen_saltlen:33'),
    'unsupported',
  ],
];

const errorOf = (attempt: () => unknown): unknown => {
  try {
    return attempt();
  } catch (error) {
    return error;
  }
};

describeWithOpenssl('keys of clients', () => {
  let openssl: Openssl;
  let server: IssuedCertificate;
  let ca: IssuedCertificate;
  let listener: KmipListener;
  let port: number;
  const handler = new EchoHandler();

  beforeAll(async () => {
    openssl = await Openssl.open();
    ca = await issueCertificateAuthority({ commonName: 'Test CA', validDays: 2 });
    server = await issueServerCertificate(ca, { commonName: 'kmip', dnsNames: [], ipAddresses: [], validDays: 1 });
    listener = new KmipListener({ host: '127.0.0.1', port: 0, certificate: server, handler });
    ({ port } = await listener.listen());
  });

  afterAll(async () => {
    await listener.close({ graceMs: 0 });
    await openssl.remove();
  });

  it.each([
    ...accepted,
    ...['sha256', 'sha384', 'sha512'].map(
      (hash) => [`RSA-PSS for ${hash}`, rsaRecipe(2048, 'RSA-PSS', `rsa_pss_keygen_md:${hash}`)] as const,
    ),
  ])('%s is registered and connects in every TLS version', async (_name, recipe) => {
    const identity = await openssl.selfSigned(recipe);
    const description = describeCertificate(identity.certificatePem, new Date());
    expect(errorOf(() => assertAcceptableCertificate(description, new Date()))).toBeUndefined();
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      expect(await seenOver(version, identity)).toMatchObject({
        tlsVersion: version,
        fingerprint: description.fingerprint,
      });
    }
  });

  it.each(accepted)('%s gets its request signed', async (_name, recipe) => {
    const { certificatePem } = await signCertificateRequest(ca, await openssl.signingRequest(recipe), { validDays: 1 });
    const description = describeCertificate(certificatePem, new Date());
    expect(errorOf(() => assertAcceptableCertificate(description, new Date()))).toBeUndefined();
  });

  it.each(refused)('%s is refused, as a certificate and as a request', async (_name, recipe, fault) => {
    const { certificatePem } = await openssl.selfSigned(recipe);
    const description = describeCertificate(certificatePem, new Date());
    const message = expect.stringMatching(/P-256, P-384, P-521/) as string;
    const refusal = errorOf(() => assertAcceptableCertificate(description, new Date()));
    expect(refusal).toMatchObject({ code: `certificate_key_${fault}`, message });
    const request = await openssl.signingRequest(recipe);
    await expect(signCertificateRequest(ca, request, { validDays: 1 })).rejects.toMatchObject({
      code: `signing_request_key_${fault}`,
      message,
    });
  });

  /** What the listener knows of a client that it has answered. */
  async function seenOver(version: 'TLSv1.2' | 'TLSv1.3', identity: IssuedCertificate): Promise<unknown> {
    const peer = await RawPeer.tls(port, identity, { minVersion: version, maxVersion: version });
    try {
      expect(await peer.send(framed('hello')).receiveMessage()).toBe('hello');
      return handler.peers.at(-1);
    } finally {
      peer.destroy();
    }
  }
});
