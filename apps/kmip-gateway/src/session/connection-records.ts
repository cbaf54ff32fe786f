import { createHash } from 'node:crypto';

import {
  ConnectionJournal,
  type ConnectionReports,
  type ConnectionSighting,
  type PresentedCertificate,
} from '@lib/diagnosis';
import { type Clock } from '@lib/kernel';
import {
  type HandshakeFailure,
  type PeerCertificate,
  type PeerDescription,
  type TransportLimitName,
  type TransportObserver,
} from '@lib/kmip-transport';
import { type BirthRefusal, type DirectoryEntry } from '@lib/tenancy';

import { type Verdict } from './admission';

export interface ConnectionRecordsOptions {
  readonly reports: ConnectionReports;
  readonly endpointName: string;
  readonly clock: Clock;
  readonly log: (message: string, error?: unknown) => void;
}

interface Noted {
  readonly verdict: string;
  readonly atMs: number;
  readonly hasAsked: boolean;
}

/** A connection that stays open counts as one attempt; this often its certificate is noted as still in use. */
const RENEW_AFTER_MS = 60_000;
/** Strangers make up addresses and certificates at will: what they can have written is little, and of its own. */
const STRANGERS_AT_ONCE = 100;

/** Balancers and port scanners come and go without a word, and nobody looks for them; the rest is told otherwise. */
const UNREMARKABLE: ReadonlySet<HandshakeFailure> = new Set([
  'closed_by_peer',
  'proxy_header',
  'crowded_out',
  'over_limit',
  'draining',
  'other',
]);

/**
 * Notes which clients came, from where and how they fared, for the diagnosis that tenants read. Writes nothing itself:
 * a journal does, in the background, and drops what is too much.
 */
export class ConnectionRecords implements TransportObserver {
  readonly #known: ConnectionJournal;
  readonly #strangers: ConnectionJournal;
  readonly #noted = new WeakMap<PeerDescription, Noted>();
  /** When the handshake ended, in which the client was shown our certificate. */
  readonly #since = new WeakMap<PeerDescription, Date>();

  constructor(private readonly options: ConnectionRecordsOptions) {
    const { reports, log } = options;
    this.#known = new ConnectionJournal({ reports, log });
    this.#strangers = new ConnectionJournal({ reports, log, capacity: STRANGERS_AT_ONCE });
  }

  /** Sightings that were dropped so far. */
  get dropped(): number {
    return this.#known.dropped + this.#strangers.dropped;
  }

  handshakeCompleted(peer: PeerDescription): void {
    this.#since.set(peer, this.options.clock.now());
  }

  /**
   * Called for each connection and each request.
   * @param asks for a request. Only who sends one trusts our certificate: vCenter completes a handshake to fetch it, and
   *   others look at it when the handshake is over.
   */
  judged(peer: PeerDescription, verdict: Verdict, asks = false): void {
    const [code, entry] = 'refusal' in verdict ? [verdict.refusal, verdict.known] : ['accepted', verdict.client];
    const before = this.#noted.get(peer);
    const nowMs = this.options.clock.monotonicMs();
    const same = before?.verdict === code;
    const hasAsked = before?.hasAsked === true;
    if (same && (hasAsked || !asks) && nowMs - before.atMs < RENEW_AFTER_MS) return;
    this.#noted.set(peer, { verdict: code, atMs: nowMs, hasAsked: hasAsked || asks });
    this.#note({ ...this.#sighting(code, peer, entry), ...(asks && this.#accepted(peer)) }, same ? 0 : 1);
  }

  /** A client past its handshake that a limit keeps out. */
  turnedAway(peer: PeerDescription, limit: string, verdict: Verdict): void {
    this.#note(this.#sighting(limit, peer, 'client' in verdict ? verdict.client : verdict.known), 1);
  }

  /** A credential that proved nothing, whether or not the client is refused for it. */
  credentialNotRight(peer: PeerDescription, code: string, entry: DirectoryEntry): void {
    this.#note(this.#sighting(code, peer, entry), 1);
  }

  /** A client that is served, but for which no key is born. */
  birthRefused(peer: PeerDescription, refusal: BirthRefusal, entry: DirectoryEntry): void {
    this.#note(this.#sighting(refusal, peer, entry), 1);
  }

  handshakeFailed(reason: HandshakeFailure, remoteAddress: string): void {
    if (!UNREMARKABLE.has(reason)) this.#note(this.#place(reason, remoteAddress), 1);
  }

  limitReached(limit: TransportLimitName, remoteAddress: string): void {
    // The others come past the handshake, with a certificate: see turnedAway.
    if (limit.startsWith('half_open')) this.#note(this.#place(limit, remoteAddress), 1);
  }

  /** Writes what is pending. */
  async stop(): Promise<void> {
    await Promise.all([this.#known.stop(), this.#strangers.stop()]);
  }

  #note(sighting: ConnectionSighting, occurrences: 0 | 1): void {
    const journal = sighting.instanceId === undefined ? this.#strangers : this.#known;
    journal.note(sighting, occurrences);
  }

  #sighting(verdict: string, peer: PeerDescription, entry: DirectoryEntry | undefined): ConnectionSighting {
    const { fingerprint, certificate } = peer;
    return {
      ...this.#place(verdict, peer.remoteAddress),
      ...(fingerprint && certificate && { certificate: presented(fingerprint, certificate) }),
      ...(entry && { instanceId: entry.instanceId }),
    };
  }

  #accepted(peer: PeerDescription): Pick<ConnectionSighting, 'server'> {
    const at = this.#since.get(peer);
    return at === undefined ? {} : { server: { fingerprint: peer.serverFingerprint, at } };
  }

  #place(verdict: string, remoteAddress: string): ConnectionSighting {
    const { endpointName: endpoint, clock } = this.options;
    // The zone of a link-local address means something on this machine only.
    const [address = ''] = remoteAddress.split('%');
    return { verdict, address, endpoint, at: clock.now() };
  }
}

/** The transport describes a certificate once, and so is it put into the form in which it is kept. */
const presentedBefore = new WeakMap<PeerCertificate, PresentedCertificate>();

function presented(fingerprint: string, certificate: PeerCertificate): PresentedCertificate {
  const before = presentedBefore.get(certificate);
  if (before !== undefined) return before;
  const made = inKeptForm(fingerprint, certificate);
  presentedBefore.set(certificate, made);
  return made;
}

function inKeptForm(fingerprint: string, certificate: PeerCertificate): PresentedCertificate {
  const { der, subject, issuer, serialNumber, validFrom: notBefore, validTo: notAfter } = certificate;
  const sha1Fingerprint = createHash('sha1').update(der).digest('hex');
  return { fingerprint, sha1Fingerprint, subject, issuer, serialNumber, notBefore, notAfter, pem: toPem(der) };
}

function toPem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
