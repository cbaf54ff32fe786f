import { createHash, randomBytes, randomUUID } from 'node:crypto';

import { type InstanceId, newCorrelationId, toFingerprint, toInstanceId } from '@lib/kernel';
import {
  type ActionContext,
  type ClientCertificate,
  DEFAULT_OPTIONS,
  type FormerCredential,
  type Instance,
  type RootKeyBinding,
  type SealedCredential,
  type UnitOfWork,
} from '@lib/tenancy';

const EPOCH = new Date('2026-11-24T12:00:00.000Z');
const DAY_MS = 86_400_000;

export const anActionContext = (): ActionContext => ({
  initiator: { kind: 'user', iamId: 'IBMid-1' },
  correlationId: newCorrelationId(),
  observer: 'test',
});

export const instanceCrn = (accountId: string, guid: string = randomUUID()): string =>
  `crn:v1:bluemix:public:kmip:eu-de:a/${accountId}:${guid}::`;

export function anInstance(changes: Partial<Instance> = {}): Instance {
  const { id = toInstanceId(randomUUID()), accountId = randomUUID() } = changes;
  return {
    id,
    crn: instanceCrn(accountId, id),
    name: 'kmip-01',
    accountId,
    region: 'eu-de',
    state: 'inactive',
    enabled: true,
    maximumKeys: 10,
    ...DEFAULT_OPTIONS,
    createdAt: EPOCH,
    updatedAt: EPOCH,
    revision: 1,
    ...changes,
  };
}

/** In force now, for the database has a clock of its own. */
export function aClientCertificate(
  instanceId: InstanceId,
  changes: Partial<ClientCertificate> = {},
): ClientCertificate {
  const id = randomUUID();
  return {
    instanceId,
    id,
    name: `vc ${id}`,
    fingerprint: toFingerprint(createHash('sha256').update(id).digest('hex')),
    sha1Fingerprint: createHash('sha1').update(id).digest('hex'),
    pem: 'pem',
    subject: 'CN=vc',
    issuer: 'CN=vc',
    serialNumber: '01',
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + DAY_MS),
    keyType: 'ec-prime256v1',
    createdAt: EPOCH,
    updatedAt: EPOCH,
    revision: 1,
    ...changes,
  };
}

export function aRootKeyBinding(instanceId: InstanceId, changes: Partial<RootKeyBinding> = {}): RootKeyBinding {
  return {
    instanceId,
    id: randomUUID(),
    kind: 'key_protect',
    keyManagerCrn: 'crn:v1:bluemix:public:kms:eu-de:a/acc:7f0e6c42-5f0e-4e0e-9d5c-5a2e2b6f3a01::',
    endpointUrl: 'https://eu-de.kms.cloud.ibm.com',
    rootKeyId: 'crk-1',
    status: 'active',
    createdAt: EPOCH,
    updatedAt: EPOCH,
    revision: 1,
    moveAttempt: 0,
    ...changes,
  };
}

export function aSealedCredential(instanceId: InstanceId, changes: Partial<SealedCredential> = {}): SealedCredential {
  return {
    instanceId,
    id: randomUUID(),
    createdAt: EPOCH,
    revision: 1,
    serviceKeyVersion: 1,
    sealedApiKey: randomBytes(40),
    ...changes,
  };
}

export const aFormerCredential = (
  instanceId: InstanceId,
  bindingId: string,
  changes: Partial<SealedCredential> = {},
): FormerCredential => ({ ...aSealedCredential(instanceId, changes), bindingId });

export async function putInstance(unitOfWork: UnitOfWork, changes: Partial<Instance> = {}): Promise<Instance> {
  const instance = anInstance(changes);
  await unitOfWork.forTenant(instance.id, (scope) => scope.instance.insert(instance));
  return instance;
}
