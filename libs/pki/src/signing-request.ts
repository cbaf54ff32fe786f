import { createPublicKey } from 'node:crypto';

import { describePublicKey, publicKeyFault, type PublicKeyDescription } from './public-key';
import { type CertificateAuthority, leafExtensions, sign, type Validity } from './issue';
import { x509 } from './peculiar';
import { type PemFault, singlePemBlock } from './pem';
import { SigningRequestError } from './pki.errors';

/** What a signing request asks for. */
export interface SigningRequestDescription {
  readonly subject: string;
  readonly publicKey: PublicKeyDescription;
}

/**
 * Signs a PKCS#10 request, e.g. the one vCenter makes. Subject and key come from the request; its wishes for
 * extensions do not, so that nobody asks for a CA certificate and gets one.
 * @throws SigningRequestError
 */
export async function signCertificateRequest(
  ca: CertificateAuthority,
  requestPem: string,
  validity: Validity,
): Promise<{ readonly certificatePem: string; readonly request: SigningRequestDescription }> {
  const request = parse(requestPem);
  const publicKey = createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: 'der', type: 'spki' });
  const description = describePublicKey(publicKey);
  const fault = publicKeyFault(description);
  if (fault !== undefined) throw new SigningRequestError(`signing_request_key_${fault.kind}`, fault.message);
  // Proof of possession: the request is signed with the key it names.
  if (!(await verifies(request))) {
    throw new SigningRequestError(
      'signing_request_signature_invalid',
      'The signature of the signing request does not match its key.',
    );
  }
  const certificatePem = await sign(ca, {
    ...validity,
    subject: request.subjectName,
    publicKey,
    extensions: leafExtensions(publicKey, x509.ExtendedKeyUsage.clientAuth),
  });
  return { certificatePem, request: { subject: request.subject, publicKey: description } };
}

function parse(pem: string): x509.Pkcs10CertificateRequest {
  const der = singlePemBlock(pem, 'certificate signing request', refuse);
  try {
    const request = new x509.Pkcs10CertificateRequest(der);
    createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: 'der', type: 'spki' });
    return request;
  } catch (cause) {
    throw refuse('malformed', 'The certificate signing request cannot be read: its encoding is damaged.', { cause });
  }
}

const refuse = (fault: PemFault, message: string, options?: ErrorOptions): SigningRequestError =>
  new SigningRequestError(`signing_request_${fault}`, message, options);

async function verifies(request: x509.Pkcs10CertificateRequest): Promise<boolean> {
  try {
    return await request.verify();
  } catch {
    // Key or algorithm that WebCrypto cannot verify: no proof.
    return false;
  }
}
