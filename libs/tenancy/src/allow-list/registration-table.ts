import { BoundedMap, type CertificateFingerprint, type InstanceId, toFingerprint, toInstanceId } from '@lib/kernel';

import { CREDENTIAL_POLICIES, INSTANCE_STATES } from '../instance';
import { type Listing } from '../ports';
import { type KmipCredential, kmipUserNameOf } from '../proof/kmip-credential';
import {
  admitted,
  type DirectoryEntry,
  type FormerRegistration,
  PROOF_KINDS,
  type Registrations,
  type Standing,
} from '../proof/registration';
import { KeyedRecords } from './keyed-records';
import { Records } from './records';

/** Of an instance: after its id the first of its registrations, the reading that found it last, whether it issued passwords. */
const INSTANCE = { idLength: 16, first: 16, reading: 20, passwords: 24, size: 28 } as const;
/** Of a certificate: after its fingerprint the first of its registrations, and how many of them are in force. */
const CERTIFICATE = { fingerprintLength: 32, first: 32, current: 36, size: 40 } as const;
/** Of a registration. References are numbers of records plus one. */
const REGISTRATION = {
  certificate: 0,
  instance: 4,
  nextOfCertificate: 8,
  nextOfInstance: 12,
  certificateId: 16,
  notBefore: 32,
  notAfter: 38,
  registeredAt: 44,
  provenAt: 50,
  establishedAt: 56,
  recognizedAt: 62,
  maximumKeys: 68,
  /** Place in {@link INSTANCE_STATES} plus one; 0 for a former registration. */
  state: 72,
  /** Place in {@link PROOF_KINDS} plus one; 0 for none. */
  proof: 73,
  policy: 74,
  flags: 75,
  size: 76,
} as const;
const ID_LENGTH = 16;
const ISSUED = 1;
const ENABLED = 2;

/** Certificates that are asked for again and again are kept as they are answered. */
const ANSWERS_KEPT = 1_000;

/**
 * Who registers which certificate, in all instances of the region: some 200 bytes a registration, nearly all of them
 * outside of the heap. An instance's registrations are replaced all at one moment, in place.
 */
export class RegistrationTable {
  readonly #instances = new KeyedRecords(INSTANCE.idLength, INSTANCE.size);
  readonly #certificates = new KeyedRecords(CERTIFICATE.fingerprintLength, CERTIFICATE.size);
  readonly #registrations = new Records(REGISTRATION.size);
  /** By instance, whose account never changes. */
  readonly #accounts: string[] = [];
  /** By registration. */
  readonly #names: string[] = [];
  /** By user name; of the instances that issued any. */
  readonly #credentials = new Map<string, readonly KmipCredential[]>();
  readonly #answers = new BoundedMap<CertificateFingerprint, Registrations>(ANSWERS_KEPT);
  #inForce = 0;
  #reading = 1;

  /** Certificates that are registered somewhere. */
  get size(): number {
    return this.#inForce;
  }

  /** All about a certificate, the oldest registration first; undefined for one that nobody registers or registered. */
  find(fingerprint: CertificateFingerprint): Registrations | undefined {
    const known = this.#answers.get(fingerprint);
    if (known !== undefined) return known;
    const certificate = this.#certificates.find(Buffer.from(fingerprint, 'hex'));
    if (certificate === undefined) return undefined;
    const answer = this.#answerOf(certificate);
    this.#answers.set(fingerprint, answer);
    return answer;
  }

  /** The passwords that an instance issued with this user name; none for a name that is nobody's. */
  credentialsOf(userName: string): readonly KmipCredential[] {
    return this.#credentials.get(userName) ?? [];
  }

  /** @returns the certificates that were let in somewhere before, and are not any more */
  replace(instanceId: InstanceId, own: Listing): readonly CertificateFingerprint[] {
    const id = bytesOf(instanceId);
    const isGone = own.current.length + own.former.length + own.credentials.length === 0;
    const known = this.#instances.find(id);
    if (known === undefined && isGone) return [];
    const instance = known ?? this.#instances.findOrTake(id);
    this.#instances.setUint32(instance, INSTANCE.reading, this.#reading);
    this.#replaceCredentials(instance, instanceId, own.credentials);
    const lost = this.#replaceRegistrations(instance, own);
    if (isGone) {
      this.#accounts[instance] = '';
      this.#instances.release(instance);
    }
    return lost;
  }

  /** From now on instances that are replaced are found by this reading. */
  beginReading(): void {
    this.#reading += 1;
  }

  /** Instances that the reading has not found. */
  unread(): readonly InstanceId[] {
    return this.#instancesWhere(0, Infinity, (reading) => reading !== this.#reading).instances;
  }

  /** @returns up to so many instances from a place on, and the place after them; 0 when none are left */
  instancesFrom(place: number, limit: number): { readonly instances: readonly InstanceId[]; readonly next: number } {
    return this.#instancesWhere(place, limit, () => true);
  }

  #instancesWhere(place: number, limit: number, holds: (reading: number) => boolean) {
    const instances: InstanceId[] = [];
    let at = place;
    for (; at < this.#instances.end && instances.length < limit; at += 1) {
      const reading = this.#instances.uint32(at, INSTANCE.reading);
      // A record that nobody has is all zeroes.
      if (reading !== 0 && holds(reading)) instances.push(this.#idOf(at));
    }
    return { instances, next: at < this.#instances.end ? at : 0 };
  }

  #replaceRegistrations(instance: number, { current, former }: Registrations): readonly CertificateFingerprint[] {
    const previous = [...this.#ofInstance(instance)];
    const before = new Map<number, boolean>();
    for (const registration of previous) this.#note(this.#reference(registration, REGISTRATION.certificate), before);
    // Held while they lose what they had, and new ones before anything else refers to them.
    for (const { fingerprint } of [...current, ...former]) this.#noteNext(fingerprint, before);
    for (const registration of previous) this.#remove(registration);
    this.#instances.setUint32(instance, INSTANCE.first, 0);
    for (const entry of current) this.#add(entry, instance, entry);
    for (const entry of former) this.#add(entry, instance);
    return [...before].flatMap(([certificate, wasAdmitted]) => this.#settle(certificate, wasAdmitted) ?? []);
  }

  #noteNext(fingerprint: CertificateFingerprint, before: Map<number, boolean>): void {
    const key = Buffer.from(fingerprint, 'hex');
    // One of another length can be presented by nobody.
    if (key.length === CERTIFICATE.fingerprintLength) this.#note(this.#certificates.findOrTake(key), before);
  }

  #replaceCredentials(instance: number, instanceId: InstanceId, credentials: readonly KmipCredential[]): void {
    const has = credentials.length > 0;
    if (!has && this.#instances.byte(instance, INSTANCE.passwords) === 0) return;
    if (has) this.#credentials.set(kmipUserNameOf(instanceId), credentials);
    else this.#credentials.delete(kmipUserNameOf(instanceId));
    this.#instances.setByte(instance, INSTANCE.passwords, has ? 1 : 0);
  }

  #note(certificate: number, before: Map<number, boolean>): void {
    if (!before.has(certificate)) before.set(certificate, this.#isAdmitted(certificate));
  }

  #settle(certificate: number, wasAdmitted: boolean): CertificateFingerprint | undefined {
    const fingerprint = this.#fingerprintOf(certificate);
    this.#answers.delete(fingerprint);
    const isLost = wasAdmitted && !this.#isAdmitted(certificate);
    if (this.#certificates.uint32(certificate, CERTIFICATE.first) === 0) this.#certificates.release(certificate);
    return isLost ? fingerprint : undefined;
  }

  #isAdmitted(certificate: number): boolean {
    for (const registration of this.#ofCertificate(certificate)) {
      const instanceState = INSTANCE_STATES[this.#registrations.byte(registration, REGISTRATION.state) - 1];
      const instanceEnabled = (this.#registrations.byte(registration, REGISTRATION.flags) & ENABLED) !== 0;
      if (instanceState !== undefined && admitted({ instanceEnabled, instanceState })) return true;
    }
    return false;
  }

  #add(entry: FormerRegistration, instance: number, current?: DirectoryEntry): void {
    const certificate = this.#certificates.find(Buffer.from(entry.fingerprint, 'hex'));
    if (certificate === undefined) return;
    const registration = this.#registrations.take();
    this.#accounts[instance] = entry.accountId;
    this.#link(registration, REGISTRATION.certificate, certificate);
    this.#link(registration, REGISTRATION.instance, instance);
    this.#write(registration, entry.standing);
    this.#names[registration] = current?.certificateName ?? '';
    if (current !== undefined) this.#writeCurrent(registration, current);
    this.#count(registration, 1);
  }

  #link(registration: number, field: number, owner: number): void {
    const [owners, first, next] = this.#chainOf(field);
    this.#registrations.setUint32(registration, field, owner + 1);
    this.#registrations.setUint32(registration, next, owners.uint32(owner, first));
    owners.setUint32(owner, first, registration + 1);
  }

  /** The chain of its instance is the caller's: it ends as a whole. */
  #remove(registration: number): void {
    this.#count(registration, -1);
    const certificate = this.#reference(registration, REGISTRATION.certificate);
    const next = this.#registrations.uint32(registration, REGISTRATION.nextOfCertificate);
    const chain = [...this.#ofCertificate(certificate)];
    const previous = chain[chain.indexOf(registration) - 1];
    if (previous === undefined) this.#certificates.setUint32(certificate, CERTIFICATE.first, next);
    else this.#registrations.setUint32(previous, REGISTRATION.nextOfCertificate, next);
    this.#names[registration] = '';
    this.#registrations.release(registration);
  }

  #count(registration: number, change: 1 | -1): void {
    if (this.#registrations.byte(registration, REGISTRATION.state) === 0) return;
    const certificate = this.#reference(registration, REGISTRATION.certificate);
    const before = this.#certificates.uint32(certificate, CERTIFICATE.current);
    this.#certificates.setUint32(certificate, CERTIFICATE.current, before + change);
    if (before === 0 || before + change === 0) this.#inForce += change;
  }

  #write(registration: number, { registeredAt, proof, issued, establishedAt, recognizedAt }: Standing): void {
    const rows = this.#registrations;
    rows.setTime(registration, REGISTRATION.registeredAt, registeredAt);
    rows.setTime(registration, REGISTRATION.provenAt, proof?.at);
    rows.setTime(registration, REGISTRATION.establishedAt, establishedAt);
    rows.setTime(registration, REGISTRATION.recognizedAt, recognizedAt);
    rows.setByte(registration, REGISTRATION.proof, proof === undefined ? 0 : PROOF_KINDS.indexOf(proof.kind) + 1);
    rows.setByte(registration, REGISTRATION.flags, issued ? ISSUED : 0);
  }

  #writeCurrent(registration: number, entry: DirectoryEntry): void {
    const rows = this.#registrations;
    rows.bytes(registration, REGISTRATION.certificateId, ID_LENGTH).set(bytesOf(entry.certificateId));
    rows.setTime(registration, REGISTRATION.notBefore, entry.notBefore);
    rows.setTime(registration, REGISTRATION.notAfter, entry.notAfter);
    rows.setUint32(registration, REGISTRATION.maximumKeys, entry.maximumKeys);
    rows.setByte(registration, REGISTRATION.state, INSTANCE_STATES.indexOf(entry.instanceState) + 1);
    rows.setByte(registration, REGISTRATION.policy, CREDENTIAL_POLICIES.indexOf(entry.credentialPolicy));
    const flags = rows.byte(registration, REGISTRATION.flags);
    rows.setByte(registration, REGISTRATION.flags, flags | (entry.instanceEnabled ? ENABLED : 0));
  }

  #answerOf(certificate: number): Registrations {
    const all = [...this.#ofCertificate(certificate)].map((registration) => this.#read(registration));
    const sorted = all.sort((a, b) => registeredAt(a) - registeredAt(b) || (a.instanceId < b.instanceId ? -1 : 1));
    return {
      current: sorted.filter((entry): entry is DirectoryEntry => 'certificateId' in entry),
      former: sorted.filter((entry) => !('certificateId' in entry)),
    };
  }

  #read(registration: number): DirectoryEntry | FormerRegistration {
    const instance = this.#reference(registration, REGISTRATION.instance);
    const former = {
      fingerprint: this.#fingerprintOf(this.#reference(registration, REGISTRATION.certificate)),
      instanceId: this.#idOf(instance),
      accountId: this.#accounts[instance] ?? '',
      standing: this.#standingOf(registration),
    };
    const rows = this.#registrations;
    const instanceState = INSTANCE_STATES[rows.byte(registration, REGISTRATION.state) - 1];
    if (instanceState === undefined) return former;
    return {
      ...former,
      certificateId: uuidOf(rows.bytes(registration, REGISTRATION.certificateId, ID_LENGTH)),
      certificateName: this.#names[registration] ?? '',
      notBefore: rows.time(registration, REGISTRATION.notBefore) ?? NEVER,
      notAfter: rows.time(registration, REGISTRATION.notAfter) ?? NEVER,
      instanceEnabled: (rows.byte(registration, REGISTRATION.flags) & ENABLED) !== 0,
      instanceState,
      maximumKeys: rows.uint32(registration, REGISTRATION.maximumKeys),
      credentialPolicy: CREDENTIAL_POLICIES[rows.byte(registration, REGISTRATION.policy)] ?? 'ignore',
    };
  }

  #standingOf(registration: number): Standing {
    const rows = this.#registrations;
    const kind = PROOF_KINDS[rows.byte(registration, REGISTRATION.proof) - 1];
    const at = rows.time(registration, REGISTRATION.provenAt);
    const establishedAt = rows.time(registration, REGISTRATION.establishedAt);
    const recognizedAt = rows.time(registration, REGISTRATION.recognizedAt);
    return {
      registeredAt: rows.time(registration, REGISTRATION.registeredAt) ?? NEVER,
      issued: (rows.byte(registration, REGISTRATION.flags) & ISSUED) !== 0,
      ...(kind && at && { proof: { kind, at } }),
      ...(establishedAt && { establishedAt }),
      ...(recognizedAt && { recognizedAt }),
    };
  }

  #ofCertificate(certificate: number): Iterable<number> {
    return this.#chain(certificate, REGISTRATION.certificate);
  }

  #ofInstance(instance: number): Iterable<number> {
    return this.#chain(instance, REGISTRATION.instance);
  }

  *#chain(owner: number, field: number): Iterable<number> {
    const [owners, first, next] = this.#chainOf(field);
    let reference = owners.uint32(owner, first);
    while (reference !== 0) {
      yield reference - 1;
      reference = this.#registrations.uint32(reference - 1, next);
    }
  }

  #chainOf(field: number): readonly [owners: Records, first: number, next: number] {
    return field === REGISTRATION.certificate
      ? [this.#certificates, CERTIFICATE.first, REGISTRATION.nextOfCertificate]
      : [this.#instances, INSTANCE.first, REGISTRATION.nextOfInstance];
  }

  #reference(registration: number, field: number): number {
    return this.#registrations.uint32(registration, field) - 1;
  }

  #fingerprintOf(certificate: number): CertificateFingerprint {
    return toFingerprint(this.#certificates.bytes(certificate, 0, CERTIFICATE.fingerprintLength).toString('hex'));
  }

  #idOf(instance: number): InstanceId {
    return toInstanceId(uuidOf(this.#instances.bytes(instance, 0, INSTANCE.idLength)));
  }
}

const registeredAt = ({ standing }: FormerRegistration): number => standing.registeredAt.getTime();

/** Of what has a time whenever it is there at all. */
const NEVER = new Date(Number.NaN);

/** @throws RangeError when it is no UUID: others would become one they are not */
function bytesOf(uuid: string): Buffer {
  const bytes = Buffer.from(uuid.replaceAll('-', ''), 'hex');
  if (bytes.length !== ID_LENGTH) throw new RangeError('an id that is no UUID');
  return bytes;
}

const uuidOf = (bytes: Buffer): string =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
