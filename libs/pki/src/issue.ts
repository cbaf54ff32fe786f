import { type KeyObject, randomBytes } from 'node:crypto';

import { type Secret } from '@lib/kernel';

import { type KeyKind, type KeyPair, newKeyPair, privateKeyPem, readPrivateKey } from './key-pair';
import { toSigningKey, x509 } from './peculiar';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Certificates start a little in the past, since the clocks of vCenter and gateway need not agree. */
const BACKDATE_MS = 5 * 60 * 1000;

/** A certificate with its private key. */
export interface IssuedCertificate {
  readonly certificatePem: string;
  /** PKCS#8 PEM. */
  readonly privateKeyPem: Secret;
}

/** Able to sign; has the same form as any other pair. */
export type CertificateAuthority = IssuedCertificate;

export interface Validity {
  readonly validDays: number;
  /** Default: five minutes ago. Tests make expired and future certificates with it. */
  readonly notBefore?: Date;
}

export interface CertificateAuthorityRequest extends Validity {
  readonly commonName: string;
}

export interface ServerCertificateRequest extends Validity {
  readonly commonName: string;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  /** Default RSA-2048: older vCenters need RSA key exchange, which an EC certificate rules out. */
  readonly keyKind?: KeyKind;
}

/** Parts of a subject that vCenter lets an administrator fill in. */
export interface SubjectFields {
  readonly organization?: string;
  readonly organizationUnit?: string;
  readonly locality?: string;
  readonly state?: string;
  /** Two letters. */
  readonly country?: string;
  readonly email?: string;
}

export interface ClientCertificateRequest extends Validity, SubjectFields {
  readonly commonName: string;
  readonly keyKind?: KeyKind;
  /** Default true. vCenter's own self-made certificates have none. */
  readonly extendedKeyUsage?: boolean;
}

interface CertificateContent extends Validity {
  /** Text, or the encoded name of a signing request. */
  readonly subject: x509.Name;
  readonly publicKey: KeyObject;
  readonly extensions: readonly x509.Extension[];
}

/** A self-signed CA of our own making, for the server certificate or for vCenter's signing requests. */
export async function issueCertificateAuthority(request: CertificateAuthorityRequest): Promise<CertificateAuthority> {
  const keys = await newKeyPair('rsa-2048');
  const extensions = [
    new x509.BasicConstraintsExtension(true, 0, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
  ];
  return selfSigned(keys, {
    ...request,
    subject: commonName(request.commonName),
    publicKey: keys.publicKey,
    extensions,
  });
}

/** Certificate of a KMIP listener. */
export async function issueServerCertificate(
  ca: CertificateAuthority,
  request: ServerCertificateRequest,
): Promise<IssuedCertificate> {
  const keys = await newKeyPair(request.keyKind ?? 'rsa-2048');
  const certificatePem = await sign(ca, {
    ...request,
    subject: commonName(request.commonName),
    publicKey: keys.publicKey,
    extensions: [
      ...leafExtensions(keys.publicKey, x509.ExtendedKeyUsage.serverAuth),
      new x509.SubjectAlternativeNameExtension([
        ...request.dnsNames.map((value) => ({ type: 'dns' as const, value })),
        ...request.ipAddresses.map((value) => ({ type: 'ip' as const, value })),
      ]),
    ],
  });
  return { certificatePem, privateKeyPem: privateKeyPem(keys.privateKey) };
}

/** Client certificate with its key, signed by `ca` or, as vCenter's own are, by itself. */
export async function issueClientCertificate(
  ca: CertificateAuthority | 'self-signed',
  request: ClientCertificateRequest,
): Promise<IssuedCertificate> {
  const keys = await newKeyPair(request.keyKind ?? 'rsa-2048');
  const usage = request.extendedKeyUsage === false ? undefined : x509.ExtendedKeyUsage.clientAuth;
  const content: CertificateContent = {
    ...request,
    subject: subjectOf(request),
    publicKey: keys.publicKey,
    extensions: leafExtensions(keys.publicKey, usage),
  };
  if (ca === 'self-signed') return selfSigned(keys, content);
  return { certificatePem: await sign(ca, content), privateKeyPem: privateKeyPem(keys.privateKey) };
}

/** Extensions of an end-entity certificate; the same for pairs of our making and for signed requests. */
export function leafExtensions(publicKey: KeyObject, usage: x509.ExtendedKeyUsage | undefined): x509.Extension[] {
  const { digitalSignature, keyEncipherment } = x509.KeyUsageFlags;
  const rsaUsage: x509.KeyUsageFlags = digitalSignature | keyEncipherment;
  // Only an RSA key can encipher a premaster secret.
  const keyUsage = new x509.KeyUsagesExtension(
    publicKey.asymmetricKeyType === 'rsa' ? rsaUsage : digitalSignature,
    true,
  );
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    keyUsage,
    ...(usage === undefined ? [] : [new x509.ExtendedKeyUsageExtension([usage])]),
  ];
}

/** PEM of a certificate with this content, signed by `ca`. */
export async function sign(ca: CertificateAuthority, content: CertificateContent): Promise<string> {
  const issuer = new x509.X509Certificate(ca.certificatePem);
  return build(content, issuer.subjectName, readPrivateKey(ca.privateKeyPem).privateKey, [
    await x509.AuthorityKeyIdentifierExtension.create(issuer, false),
  ]);
}

async function selfSigned(keys: KeyPair, content: CertificateContent): Promise<IssuedCertificate> {
  const certificatePem = await build(content, content.subject, keys.privateKey, []);
  return { certificatePem, privateKeyPem: privateKeyPem(keys.privateKey) };
}

async function build(
  content: CertificateContent,
  issuer: x509.JsonName | x509.Name,
  signer: KeyObject,
  extensions: readonly x509.Extension[],
): Promise<string> {
  const { key, algorithm } = await toSigningKey(signer);
  const publicKey = new x509.PublicKey(content.publicKey.export({ type: 'spki', format: 'der' }));
  const notBefore = content.notBefore ?? new Date(Date.now() - BACKDATE_MS);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: randomSerialNumber(),
    subject: content.subject,
    issuer,
    notBefore,
    notAfter: new Date(notBefore.getTime() + content.validDays * DAY_MS),
    publicKey,
    signingKey: key,
    signingAlgorithm: algorithm,
    extensions: [...content.extensions, await x509.SubjectKeyIdentifierExtension.create(publicKey), ...extensions],
  });
  return `${certificate.toString('pem')}\n`;
}

const commonName = (name: string): x509.Name => subjectOf({ commonName: name });

/** Text in its parts: a comma or plus sign in one of them must not start another attribute. */
export function subjectOf(fields: SubjectFields & { readonly commonName: string }): x509.Name {
  const { organization, organizationUnit, locality, state, country, email } = fields;
  const parts = {
    CN: fields.commonName,
    O: organization,
    OU: organizationUnit,
    L: locality,
    ST: state,
    C: country,
    E: email,
  };
  return new x509.Name(
    Object.entries(parts).flatMap(([type, text]) => (text === undefined ? [] : [{ [type]: [asWritten(type, text)] }])),
  );
}

/** PrintableString of RFC 5280 §4.1.2.4. */
const PRINTABLE = /^[A-Za-z0-9 '()+,./:=?-]*$/;

/** Given as a string, the library would take quotes for the ends of the text, and a leading number sign for hexadecimals. */
function asWritten(type: string, text: string): x509.JsonAttributeObject {
  if (type === 'E') return { ia5String: text };
  return PRINTABLE.test(text) ? { printableString: text } : { utf8String: text };
}

/** 16 random bytes, positive and without a leading zero byte (RFC 5280 §4.1.2.2). */
function randomSerialNumber(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0);
  return bytes.toString('hex');
}
