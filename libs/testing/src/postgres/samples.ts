import { randomBytes, randomUUID } from 'node:crypto';

import { type AuditEvent } from '@lib/audit';
import { type InstanceId, newCorrelationId, newUniqueIdentifier, toFingerprint } from '@lib/kernel';
import { type ClientAttribute, type ManagedObject } from '@lib/kmip-engine';
import { type Client } from 'pg';

import { type SymmetricKeyChanges } from '../engine/managed-object.fixture';

/** Makes an instance by plain SQL as the superuser, for suites that are not about instances. */
export async function insertInstance(admin: Client, id: string = randomUUID()): Promise<InstanceId> {
  await admin.query(
    `INSERT INTO instances VALUES ($1, $2, 'kmip-01', 'account', 'eu-de', 'installed', true, NULL, 1000, now(), now(), 1)`,
    [id, `crn:v1:bluemix:public:kmip:eu-de:a/account:${id}::`],
  );
  return id as InstanceId;
}

/** Allows a certificate in an instance by plain SQL, for suites that are not about registration. @returns its id */
export async function insertCertificate(admin: Client, instanceId: InstanceId): Promise<string> {
  const id = randomUUID();
  await admin.query(
    `INSERT INTO client_certificates (instance_id, id, name, fingerprint_sha256, fingerprint_sha1, pem, subject, issuer,
        serial_number, not_before, not_after, key_type, created_at, updated_at, revision)
      VALUES ($1, $2::uuid, $2::text, encode(sha256($2::text::bytea), 'hex'), '', '', '', '', '01', now() - interval '1 hour',
        now() + interval '1 hour', '', now(), now(), 1)`,
    [instanceId, id],
  );
  return id;
}

export function sampleAudit(instanceId: InstanceId, changes: Partial<AuditEvent> = {}): AuditEvent {
  return {
    instanceId,
    action: 'vmware-solutions.kmip-key.read',
    occurredAt: new Date('2026-11-24T12:00:00.000Z'),
    initiator: { kind: 'certificate', fingerprint: toFingerprint('ab'.repeat(32)) },
    outcome: 'success',
    correlationId: newCorrelationId(),
    observer: 'kmip.test',
    ...changes,
  };
}

/** Name (KMIP 1.4 §3.2) as a client sends it. */
export const nameAttribute = (text: string, index = 0): ClientAttribute => ({
  name: 'Name',
  index,
  value: {
    type: 'Structure',
    value: [
      { tag: 0x420055, type: 'TextString', value: text },
      { tag: 0x420054, type: 'Enumeration', value: 1 },
    ],
  },
});

export const textAttribute = (name: string, text: string, index = 0): ClientAttribute => ({
  name,
  index,
  value: { type: 'TextString', value: text },
});

export function sampleObject(changes: SymmetricKeyChanges = {}): ManagedObject {
  const date = new Date('2026-11-24T12:00:00.000Z');
  const uniqueIdentifier = changes.uniqueIdentifier ?? newUniqueIdentifier();
  return {
    uniqueIdentifier,
    objectType: 2,
    state: 'PreActive',
    suspended: false,
    cryptographicAlgorithm: 3,
    cryptographicLength: 256,
    cryptographicUsageMask: 12,
    initialDate: date,
    lastChangeDate: date,
    digest: randomBytes(32),
    fresh: true,
    custody: { storedKeyId: `stored-${uniqueIdentifier}`, rootKeyId: 'root-1', rootKeyVersion: 'v1' },
    createdBy: 'ab'.repeat(32),
    attributes: [],
    ...changes,
  };
}
