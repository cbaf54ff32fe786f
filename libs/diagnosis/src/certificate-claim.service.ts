import { type Clock, type InstanceId } from '@lib/kernel';
import { CertificateError, describeCertificate } from '@lib/pki';
import {
  type ActionContext,
  type CertificateClaim,
  type ClaimKind,
  lockedInstance,
  missingInstance,
  successEvent,
  TenancyError,
  type UnitOfWork,
} from '@lib/tenancy';

const MAXIMUM_CLAIMS = 50;
const MAXIMUM_SUBJECT = 1_024;
/** Wider ranges would count for one tenant the strangers of half the internet. */
const SHORTEST_PREFIX = { ipv4: 16, ipv6: 48 };

/** Which refused connections an instance is told of. A claim lets nobody in and takes nothing from anybody. */
export class CertificateClaimService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly newId: () => string,
  ) {}

  /** @throws TenancyError `invalid_claim`, `duplicate_claim`, `claim_quota_exceeded` */
  async add(
    instanceId: InstanceId,
    request: { readonly kind: ClaimKind; readonly value: string },
    context: ActionContext,
  ): Promise<CertificateClaim> {
    const now = this.clock.now();
    const value = checkedValue(request.kind, request.value.trim(), now);
    const claim = { id: this.newId(), kind: request.kind, value, createdAt: now };
    return this.unitOfWork.forTenant(instanceId, async (scope) => {
      await lockedInstance(scope);
      if ((await scope.claims.count()) >= MAXIMUM_CLAIMS) {
        throw new TenancyError('claim_quota_exceeded', `an instance has at most ${MAXIMUM_CLAIMS} claims`);
      }
      await scope.claims.insert(claim);
      const details = { kind: claim.kind, claim: claim.id };
      scope.record(successEvent(context, this.clock, instanceId, 'vmware-solutions.claim.create', { details }));
      return claim;
    });
  }

  async list(instanceId: InstanceId): Promise<readonly CertificateClaim[]> {
    return this.unitOfWork.forTenant(instanceId, async (scope) => {
      if ((await scope.instance.get()) === undefined) missingInstance();
      return scope.claims.list();
    });
  }

  /** @throws TenancyError('claim_not_found') */
  async get(instanceId: InstanceId, id: string): Promise<CertificateClaim> {
    return this.unitOfWork.forTenant(instanceId, async (scope) => (await scope.claims.get(id)) ?? missingClaim());
  }

  /** @throws TenancyError('claim_not_found') */
  async remove(instanceId: InstanceId, id: string, context: ActionContext): Promise<void> {
    await this.unitOfWork.forTenant(instanceId, async (scope) => {
      await lockedInstance(scope);
      const claim = (await scope.claims.get(id)) ?? missingClaim();
      await scope.claims.remove(id);
      const details = { kind: claim.kind, claim: id };
      scope.record(successEvent(context, this.clock, instanceId, 'vmware-solutions.claim.delete', { details }));
    });
  }
}

function missingClaim(): never {
  throw new TenancyError('claim_not_found', 'the instance has no such claim');
}

function checkedValue(kind: ClaimKind, value: string, now: Date): string {
  switch (kind) {
    case 'fingerprint':
      return fingerprint(value, now);
    case 'subject':
      return subject(value);
    case 'address_range':
      return addressRange(value);
  }
}

/** Of a certificate that was pasted whole, or as people copy it from OpenSSL, vCenter, Windows and browsers. */
function fingerprint(value: string, now: Date): string {
  if (value.includes('-----BEGIN')) return fingerprintOfPem(value, now);
  const hex = value
    .replaceAll(/[\s\p{Cf}]/gu, '')
    .replace(/^(?:sha-?(?:1|256))?-?(?:fingerprint|thumbprint)?[=:]*/i, '')
    .replaceAll(/[:-]/g, '')
    .toLowerCase();
  return /^(?:[0-9a-f]{64}|[0-9a-f]{40})$/.test(hex)
    ? hex
    : invalid('a fingerprint is a SHA-256 or SHA-1 in hexadecimal, or the certificate itself in PEM');
}

function fingerprintOfPem(pem: string, now: Date): string {
  try {
    return describeCertificate(pem, now).fingerprint;
  } catch (error) {
    if (error instanceof CertificateError) return invalid(error.message);
    throw error;
  }
}

function subject(value: string): string {
  if (value === '') return invalid('a subject is not empty');
  return value.length > MAXIMUM_SUBJECT || /\p{Cc}/u.test(value) ? invalid('a subject is one line of text') : value;
}

function addressRange(value: string): string {
  const [, address = '', prefix] = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/i.exec(value) ?? [];
  const [known, longest, shortest] = address.includes(':')
    ? ([isIpv6(address), 128, SHORTEST_PREFIX.ipv6] as const)
    : ([isIpv4(address), 32, SHORTEST_PREFIX.ipv4] as const);
  const bits = prefix === undefined ? longest : Number(prefix);
  if (!known || bits > longest) return invalid('an address range is like 192.0.2.0/24');
  if (bits < shortest) return invalid(`an address range has a prefix of at least ${shortest} bits`);
  return `${address.toLowerCase()}/${bits}`;
}

const isIpv4 = (text: string): boolean => /^((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(?!$)|$)){4}$/.test(text);

/** Eight groups, or fewer around one `::`. */
function isIpv6(text: string): boolean {
  const [head = '', tail, ...rest] = text.split('::');
  const groups = [head, tail ?? ''].flatMap((part) => (part === '' ? [] : part.split(':')));
  if (rest.length > 0 || !groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false;
  return tail === undefined ? groups.length === 8 : groups.length < 8;
}

function invalid(message: string): never {
  throw new TenancyError('invalid_claim', message);
}
