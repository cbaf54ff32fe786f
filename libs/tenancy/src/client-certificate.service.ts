import { X509Certificate } from 'node:crypto';

import { type AuditAction } from '@lib/audit';
import { type Clock, type InstanceId } from '@lib/kernel';
import { assertAcceptableCertificate, type CertificateDescription, describeCertificate } from '@lib/pki';

import { type ActionContext, successEvent } from './action-context';
import { insertWithinQuota } from './certificate-quota';
import { type ClientCertificate } from './client-certificate';
import { checkRevision, existingCertificate, lockedInstance, missingInstance } from './guards';
import { checkedName } from './names';
import { type RegionDirectory, type TenantScope, type UnitOfWork } from './ports';
import { registrantsOf } from './proof/registrants';
import { type ProofKind } from './proof/registration';

export interface NewClientCertificate {
  readonly name: string;
  /** Exactly one certificate. */
  readonly pem: string;
  /** How it comes here. `presented`: somebody has it, which shows nothing, since certificates are public. */
  readonly origin?: 'presented' | 'issued' | 'operator';
}

export interface ClientCertificateServiceOptions {
  readonly newId: () => string;
  readonly maximumPerInstance?: number;
  /** Who else registers a certificate: the operator's word counts by itself only where nobody else does. */
  readonly directory: Pick<RegionDirectory, 'registrants'>;
}

/** The list of certificates that may connect to an instance. */
export class ClientCertificateService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly options: ClientCertificateServiceOptions,
  ) {}

  /**
   * Takes nothing from anybody: where others register the certificate too, keys are born where it is proven.
   * @throws CertificateError when the certificate is unreadable, expired or weak
   * @throws TenancyError `duplicate_certificate`, `certificate_issued_elsewhere`, `certificate_name_taken`,
   *   `certificate_quota_exceeded`, `invalid_name`, `instance_not_found`
   */
  async add(instanceId: InstanceId, request: NewClientCertificate, context: ActionContext): Promise<ClientCertificate> {
    const now = this.clock.now();
    const description = describeCertificate(request.pem, now);
    assertAcceptableCertificate(description, now);
    const certificate = toClientCertificate(
      instanceId,
      this.options.newId(),
      checkedName(request.name),
      description,
      now,
    );
    const proof = await this.#proofBy(request.origin ?? 'presented', certificate);
    return this.unitOfWork.forTenant(instanceId, async (scope) => {
      await lockedInstance(scope);
      await insertWithinQuota(scope, certificate, this.options.maximumPerInstance);
      if (proof === 'issued') await scope.standings.setIssued(certificate.fingerprint, true);
      if (proof !== undefined) await scope.standings.prove(certificate.fingerprint, { kind: proof, at: now });
      this.finish(scope, certificate, 'vmware-solutions.certificate.create', context, proof && { proof });
      return certificate;
    });
  }

  async count(instanceId: InstanceId): Promise<number> {
    return this.unitOfWork.forTenant(instanceId, async (scope) => {
      if ((await scope.instance.get()) === undefined) missingInstance();
      return scope.certificates.count();
    });
  }

  async list(instanceId: InstanceId): Promise<readonly ClientCertificate[]> {
    return this.unitOfWork.forTenant(instanceId, async (scope) => {
      if ((await scope.instance.get()) === undefined) missingInstance();
      return scope.certificates.list();
    });
  }

  /** @throws TenancyError('certificate_not_found') */
  async get(instanceId: InstanceId, id: string): Promise<ClientCertificate> {
    return this.unitOfWork.forTenant(instanceId, (scope) => existingCertificate(scope, id));
  }

  /** @throws TenancyError `certificate_not_found`, `certificate_name_taken`, `invalid_name`, `revision_mismatch` */
  async rename(
    instanceId: InstanceId,
    id: string,
    name: string,
    context: ActionContext,
    revision?: number,
  ): Promise<ClientCertificate> {
    const checked = checkedName(name);
    return this.unitOfWork.forTenant(instanceId, async (scope) => {
      await lockedInstance(scope);
      const current = await existingCertificate(scope, id);
      checkRevision(current, revision);
      const renamed = { ...current, name: checked, updatedAt: this.clock.now(), revision: current.revision + 1 };
      await scope.certificates.update(renamed);
      this.finish(scope, renamed, 'vmware-solutions.certificate.update', context);
      return renamed;
    });
  }

  /** From here on the certificate lets nobody in; open connections with it are closed. */
  async remove(instanceId: InstanceId, id: string, context: ActionContext, revision?: number): Promise<void> {
    await this.unitOfWork.forTenant(instanceId, async (scope) => {
      await lockedInstance(scope);
      const current = await existingCertificate(scope, id);
      checkRevision(current, revision);
      await scope.certificates.remove(id);
      this.finish(scope, current, 'vmware-solutions.certificate.delete', context);
    });
  }

  async #proofBy(
    origin: NonNullable<NewClientCertificate['origin']>,
    { instanceId, fingerprint }: ClientCertificate,
  ): Promise<ProofKind | undefined> {
    if (origin === 'presented') return undefined;
    if (origin === 'issued') return 'issued';
    const { current, former } = await registrantsOf(this.options.directory, fingerprint);
    return [...current, ...former].some((other) => other.instanceId !== instanceId) ? undefined : 'operator';
  }

  private finish(
    scope: TenantScope,
    certificate: ClientCertificate,
    action: AuditAction,
    context: ActionContext,
    details: Readonly<Record<string, string>> = {},
  ): void {
    const { instanceId, id, name, fingerprint } = certificate;
    const facts = { target: { kind: 'certificate', id, name }, details: { fingerprint, ...details } } as const;
    scope.record(successEvent(context, this.clock, instanceId, action, facts));
    scope.invalidate();
  }
}

export function toClientCertificate(
  instanceId: InstanceId,
  id: string,
  name: string,
  description: CertificateDescription,
  now: Date,
): ClientCertificate {
  const { type, bits, curve } = description.publicKey;
  const size = curve ?? bits;
  return {
    instanceId,
    id,
    name,
    fingerprint: description.fingerprint,
    sha1Fingerprint: description.sha1Fingerprint,
    // Written anew from the DER: nothing else of what was handed in is kept.
    pem: new X509Certificate(description.der).toString(),
    subject: description.subject,
    issuer: description.issuer,
    serialNumber: description.serialNumber,
    notBefore: description.notBefore,
    notAfter: description.notAfter,
    keyType: size === undefined ? type : `${type}-${size}`,
    createdAt: now,
    updatedAt: now,
    revision: 1,
  };
}
