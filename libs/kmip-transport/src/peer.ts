import { createHash, type X509Certificate } from 'node:crypto';
import { type TLSSocket } from 'node:tls';

import { BoundedMap, type CertificateFingerprint, toFingerprint } from '@lib/kernel';

import { isLegacyCipher } from './tls-settings';

/** The certificate a client showed and proved to own the key of. Nothing about it has been judged. */
export interface PeerCertificate {
  readonly der: Buffer;
  readonly subject: string;
  readonly issuer: string;
  /** Lower-case hex. */
  readonly serialNumber: string;
  readonly validFrom: Date;
  readonly validTo: Date;
}

/** A client as it was at the end of the handshake. Copied once: sockets are not asked again, since they may be gone. */
export interface PeerDescription {
  /** Unique within the listener. */
  readonly connectionId: string;
  /** Of the client, also behind a balancer that speaks PROXY protocol. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** SHA-256 of the leaf's DER; absent when the client showed no certificate. */
  readonly fingerprint?: CertificateFingerprint;
  readonly certificate?: PeerCertificate;
  /** e.g. TLSv1.3 */
  readonly tlsVersion: string;
  /** OpenSSL's name of the suite. */
  readonly cipher: string;
  /** The suite has no forward secrecy. */
  readonly legacyCipher: boolean;
  /** The client has just proven that it has the certificate's key; false for a session that was taken up again. */
  readonly fullHandshake: boolean;
  /** SHA-256 of the certificate that we presented to it. */
  readonly serverFingerprint: CertificateFingerprint;
  /** Host name that the client asked for (SNI), lower case. */
  readonly serverName?: string;
}

export interface PeerOrigin {
  readonly connectionId: string;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** SHA-256 of the leaf's DER that the listener presented: a renewal may fall between handshake and request. */
  readonly serverFingerprint: CertificateFingerprint;
}

/** A few megabytes; whoever makes up certificates at will costs the others no more than reading theirs again. */
const CERTIFICATES_KNOWN = 1_000;

/** Describes peers, and reads each certificate once: hosts come back with the same one for years. */
export class PeerDescriptions {
  readonly #certificates = new BoundedMap<CertificateFingerprint, PeerCertificate>(CERTIFICATES_KNOWN);

  /** Call it in the secureConnection handler and nowhere else: TLS getters can crash the process on a dead socket. */
  of(socket: TLSSocket, origin: PeerOrigin): PeerDescription {
    const x509 = socket.getPeerX509Certificate();
    const cipher = socket.getCipher().name;
    return {
      ...origin,
      tlsVersion: socket.getProtocol() ?? 'unknown',
      cipher,
      legacyCipher: isLegacyCipher(cipher),
      fullHandshake: !socket.isSessionReused(),
      ...serverNameOf(socket),
      ...(x509 === undefined ? {} : this.#certificateOf(x509)),
    };
  }

  #certificateOf(x509: X509Certificate): Required<Pick<PeerDescription, 'fingerprint' | 'certificate'>> {
    const { raw } = x509;
    const fingerprint = fingerprintOf(raw);
    const certificate = this.#certificates.get(fingerprint) ?? describeCertificate(x509, Buffer.from(raw));
    this.#certificates.set(fingerprint, certificate);
    return { fingerprint, certificate };
  }
}

/** Node's types leave out that a server's socket knows the name its client asked for. */
function serverNameOf(socket: TLSSocket): { serverName?: string } {
  const { servername } = socket as { servername?: string | false | null };
  return typeof servername === 'string' && servername !== '' ? { serverName: servername.toLowerCase() } : {};
}

function describeCertificate(x509: X509Certificate, der: Buffer): PeerCertificate {
  return {
    der,
    subject: oneLine(x509.subject),
    issuer: oneLine(x509.issuer),
    serialNumber: x509.serialNumber.toLowerCase(),
    validFrom: dateOr(x509.validFrom, new Date(8.64e15)),
    validTo: dateOr(x509.validTo, new Date(0)),
  };
}

/** A date that cannot be read must make the certificate invalid, not timeless. */
function dateOr(text: string, otherwise: Date): Date {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? otherwise : date;
}

function fingerprintOf(der: Buffer): CertificateFingerprint {
  return toFingerprint(createHash('sha256').update(der).digest('hex'));
}

/** Node prints one RDN a line, control characters escaped; a certificate may have no subject at all. */
function oneLine(name: string | undefined): string {
  return (name ?? '').split('\n').join(', ');
}
