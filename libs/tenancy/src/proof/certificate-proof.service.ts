import { type CertificateFingerprint, type Clock, type InstanceId } from '@lib/kernel';

import { type ActionContext, successEvent } from '../action-context';
import { insertWithinQuota } from '../certificate-quota';
import { type ClientCertificate } from '../client-certificate';
import { existingCertificate, lockedInstance } from '../guards';
import { type RegionDirectory, type TenantScope, type UnitOfWork } from '../ports';
import { TenancyError } from '../tenancy.error';
import { birthplaceOf } from './birthplace';
import { registrantsOf } from './registrants';
import { type ProofKind, type Registrations } from './registration';

export interface CertificateProofServiceOptions {
  readonly newId: () => string;
  readonly directory: Pick<RegionDirectory, 'registrants'>;
}

/** Records what a certificate shows towards an instance, and tells the instance that its keys were born in before. */
export class CertificateProofService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly options: CertificateProofServiceOptions,
  ) {}

  /** A client has proven it with a request or a connection. Nothing happens when the certificate is not registered any more. */
  async prove(
    instanceId: InstanceId,
    fingerprint: CertificateFingerprint,
    kind: Extract<ProofKind, 'credential' | 'host_name'>,
    context: ActionContext,
  ): Promise<void> {
    const before = await registrantsOf(this.options.directory, fingerprint);
    const entry = before.current.find((registration) => registration.instanceId === instanceId);
    if (entry === undefined) return;
    await this.unitOfWork.forTenant(instanceId, async (scope) => {
      await scope.standings.prove(fingerprint, { kind, at: this.clock.now() });
      this.#tell(scope, { id: entry.certificateId, name: entry.certificateName, fingerprint }, kind, context);
    });
    await this.#tellDisplaced(before, instanceId, context);
  }

  /** A client has named a key. @returns whether the certificate is recognized by it for the first time */
  async recognize(
    instanceId: InstanceId,
    fingerprint: CertificateFingerprint,
    uniqueIdentifier: string,
  ): Promise<boolean> {
    return this.unitOfWork.forTenant(instanceId, async (scope) => {
      const recognized = await scope.standings.recognize(fingerprint, uniqueIdentifier);
      if (recognized) scope.invalidate();
      return recognized;
    });
  }

  /** Keys that the certificate made in other instances: what its owner should make anew here. */
  async keysElsewhere(instanceId: InstanceId, fingerprint: CertificateFingerprint): Promise<number> {
    return this.unitOfWork.forTenant(instanceId, (scope) => scope.standings.countKeysElsewhere(fingerprint));
  }

  /**
   * The operator's word that a certificate is this instance's, whoever else registers or has proven it. Both are told.
   * @throws TenancyError `certificate_not_found`, `instance_not_found`
   */
  async takeOver(instanceId: InstanceId, certificateId: string, context: ActionContext): Promise<ClientCertificate> {
    const certificate = await this.unitOfWork.forTenant(instanceId, (scope) =>
      existingCertificate(scope, certificateId),
    );
    return this.addTakenOver(instanceId, certificate.fingerprint, () => Promise.resolve(certificate), context);
  }

  /**
   * Takes over a certificate that `register` is yet to add: one that we made for another instance can be added nowhere
   * else before. Nothing has changed when it cannot be added.
   * @throws TenancyError what `register` throws
   */
  async addTakenOver(
    instanceId: InstanceId,
    fingerprint: CertificateFingerprint,
    register: () => Promise<ClientCertificate>,
    context: ActionContext,
  ): Promise<ClientCertificate> {
    const before = await registrantsOf(this.options.directory, fingerprint);
    return this.#moved(before, instanceId, fingerprint, { register, proof: 'operator', context });
  }

  /**
   * Gives a certificate to another instance, registering it there when it is not yet. The caller must be allowed to
   * manage certificates in both. Interrupted, it can be repeated; meanwhile the first instance still serves. It moves a
   * proof and makes none: somebody with two instances could otherwise hand himself a certificate that is a stranger's.
   * @throws TenancyError `certificate_not_found`, `hand_over_unproven`, `instance_not_found`, `certificate_name_taken`,
   *   `certificate_quota_exceeded`
   */
  async handOver(
    from: InstanceId,
    certificateId: string,
    to: InstanceId,
    context: ActionContext,
  ): Promise<ClientCertificate> {
    const given = await this.unitOfWork.forTenant(from, (scope) => existingCertificate(scope, certificateId));
    const before = await registrantsOf(this.options.directory, given.fingerprint);
    // A receiver that does not exist must be found out before anything is given up.
    await this.unitOfWork.forTenant(to, lockedInstance);
    this.#requireProven(before, [from, to]);
    const register = () => this.#received(to, given, context);
    return this.#moved(before, to, given.fingerprint, { register, proof: 'hand_over', context });
  }

  async #moved(
    before: Registrations,
    to: InstanceId,
    fingerprint: CertificateFingerprint,
    { register, proof, context }: Move,
  ): Promise<ClientCertificate> {
    const all = [...before.current, ...before.former];
    const givers = all.flatMap(({ instanceId, standing }) =>
      standing.issued && instanceId !== to ? [instanceId] : [],
    );
    await this.#setIssued(givers, fingerprint, false);
    const received = await register().catch(async (error: unknown) => {
      await this.#setIssued(givers, fingerprint, true);
      throw error;
    });
    // Of a move that was interrupted, only the proof still tells that we made the certificate.
    const issued = all.some(({ standing }) => standing.issued || standing.proof?.kind === 'issued');
    await this.#assign(to, received, proof, issued, context);
    await this.#tellDisplaced(before, to, context);
    return received;
  }

  /** One of the two has the latest proof of all: the giver, or, when this is repeated, the receiver. */
  #requireProven(registrations: Registrations, instances: readonly InstanceId[]): void {
    const birthplace = birthplaceOf(registrations, {}, this.clock.now());
    const proven = 'instance' in birthplace && birthplace.instance.standing.proof !== undefined;
    if (proven && instances.includes(birthplace.instance.instanceId)) return;
    const message =
      'only a certificate that is proven in this instance, and in no other later, can be handed over; prove it first with the KMIP user name and password of the instance';
    throw new TenancyError('hand_over_unproven', message);
  }

  async #received(to: InstanceId, given: ClientCertificate, context: ActionContext): Promise<ClientCertificate> {
    return this.unitOfWork.forTenant(to, async (scope) => {
      await lockedInstance(scope);
      const present = await scope.certificates.getByFingerprint(given.fingerprint);
      if (present !== undefined) return present;
      const now = this.clock.now();
      const id = this.options.newId();
      const certificate = { ...given, instanceId: to, id, createdAt: now, updatedAt: now, revision: 1 };
      await insertWithinQuota(scope, certificate);
      const facts = { target: target(certificate), details: { fingerprint: certificate.fingerprint } };
      scope.record(successEvent(context, this.clock, to, 'vmware-solutions.certificate.create', facts));
      scope.invalidate();
      return certificate;
    });
  }

  async #assign(
    instanceId: InstanceId,
    certificate: ClientCertificate,
    kind: ProofKind,
    issued: boolean,
    context: ActionContext,
  ): Promise<void> {
    const { fingerprint } = certificate;
    await this.unitOfWork.forTenant(instanceId, async (scope) => {
      if (issued) await scope.standings.setIssued(fingerprint, true);
      await scope.standings.prove(fingerprint, { kind, at: this.clock.now() });
      this.#tell(scope, certificate, kind, context);
    });
  }

  /** The record that we made it for an instance, without which strangers may register it. */
  async #setIssued(
    instances: readonly InstanceId[],
    fingerprint: CertificateFingerprint,
    issued: boolean,
  ): Promise<void> {
    for (const instanceId of instances) {
      await this.unitOfWork.forTenant(instanceId, async (scope) => {
        await scope.standings.setIssued(fingerprint, issued);
        scope.invalidate();
      });
    }
  }

  #tell(
    scope: TenantScope,
    certificate: Pick<ClientCertificate, 'id' | 'name' | 'fingerprint'>,
    proof: ProofKind,
    context: ActionContext,
  ): void {
    const facts = { target: target(certificate), details: { fingerprint: certificate.fingerprint, proof } };
    scope.record(successEvent(context, this.clock, scope.instanceId, 'vmware-solutions.certificate.prove', facts));
    scope.invalidate();
  }

  /** Whose keys are born elsewhere from now on; by whom is not said. */
  async #tellDisplaced(before: Registrations, instanceId: InstanceId, context: ActionContext): Promise<void> {
    const birthplace = birthplaceOf(before, {}, this.clock.now());
    if (!('instance' in birthplace) || birthplace.instance.instanceId === instanceId) return;
    const { instanceId: displaced, certificateId: id, certificateName: name, fingerprint } = birthplace.instance;
    const anonymous: ActionContext = { ...context, initiator: { kind: 'system', component: 'certificate-proof' } };
    await this.unitOfWork.forTenant(displaced, (scope) => {
      const facts = { target: target({ id, name }), details: { fingerprint } };
      scope.record(successEvent(anonymous, this.clock, displaced, 'vmware-solutions.certificate.displace', facts));
      return Promise.resolve();
    });
  }
}

/** How a certificate comes to the instance that receives it. */
interface Move {
  readonly register: () => Promise<ClientCertificate>;
  readonly proof: Extract<ProofKind, 'operator' | 'hand_over'>;
  readonly context: ActionContext;
}

const target = ({ id, name }: Pick<ClientCertificate, 'id' | 'name'>) => ({ kind: 'certificate', id, name }) as const;
