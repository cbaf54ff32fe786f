export * from './certificate-acceptance';
export {
  CERTIFICATE_WARNINGS,
  type CertificateDescription,
  type CertificateWarning,
  colonForm,
  describeCertificate,
} from './certificate-description';
export { type ClientAuthority, ensureClientAuthority } from './client-authority';
export {
  type CertificateAuthority,
  type CertificateAuthorityRequest,
  type ClientCertificateRequest,
  issueCertificateAuthority,
  issueClientCertificate,
  type IssuedCertificate,
  issueServerCertificate,
  type ServerCertificateRequest,
  type SubjectFields,
  type Validity,
} from './issue';
export { type KeyKind } from './key-pair';
export { certificateBlocks } from './pem';
export { newSigningRequest, type NewSigningRequest } from './new-signing-request';
export { toPkcs12 } from './pkcs12';
export * from './pki.errors';
export { type PublicKeyDescription } from './public-key';
export {
  ensureServerPki,
  readCertificateAuthority,
  readServerPki,
  type ServerPki,
  type ServerPkiOptions,
} from './server-pki';
export { type SigningRequestDescription, signCertificateRequest } from './signing-request';
export { validityFault } from './validity';
