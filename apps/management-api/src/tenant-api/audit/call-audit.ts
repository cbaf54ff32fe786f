import { type AuditAction, type AuditEvent, type AuditSink } from '@lib/audit';
import { type Clock } from '@lib/kernel';

import { type Action } from '@lib/tenancy';
import { type CallRecorder, type RecordedCall } from '../../http/call-trail';
import { OBSERVER } from '../administrator';

type TargetKind = NonNullable<AuditEvent['target']>['kind'];

/** How the trail names what the API permits. */
const RECORDS: Readonly<Record<Action, readonly [AuditAction, TargetKind]>> = {
  'instance.read': ['vmware-solutions.instance.read', 'instance'],
  'instance.update': ['vmware-solutions.instance.update', 'instance'],
  'certificate.read': ['vmware-solutions.certificate.read', 'certificate'],
  'certificate.create': ['vmware-solutions.certificate.create', 'certificate'],
  'certificate.update': ['vmware-solutions.certificate.update', 'certificate'],
  'certificate.delete': ['vmware-solutions.certificate.delete', 'certificate'],
  'kmip-credential.read': ['vmware-solutions.kmip-credential.read', 'kmip-credential'],
  'kmip-credential.create': ['vmware-solutions.kmip-credential.create', 'kmip-credential'],
  'kmip-credential.delete': ['vmware-solutions.kmip-credential.delete', 'kmip-credential'],
  'root-key.read': ['vmware-solutions.root-key.read', 'root-key'],
  'root-key.check': ['vmware-solutions.root-key.check', 'root-key'],
  'root-key.set': ['vmware-solutions.root-key.set', 'root-key'],
  'root-key.unset': ['vmware-solutions.root-key.unset', 'root-key'],
  'key-manager.list': ['vmware-solutions.key-manager.list', 'instance'],
  'credential.read': ['vmware-solutions.credential.read', 'credential'],
  'credential.set': ['vmware-solutions.credential.set', 'credential'],
  'credential.unset': ['vmware-solutions.credential.unset', 'credential'],
  'key.list': ['vmware-solutions.kmip-key.list', 'key'],
  'key.read': ['vmware-solutions.kmip-key.describe', 'key'],
  'key.update': ['vmware-solutions.kmip-key.update', 'key'],
  'key.delete': ['vmware-solutions.kmip-key.destroy', 'key'],
  'audit.read': ['vmware-solutions.audit.read', 'instance'],
  'usage.read': ['vmware-solutions.usage.read', 'instance'],
  'webhook.read': ['vmware-solutions.webhook.read', 'instance'],
  'webhook.set': ['vmware-solutions.webhook.set', 'instance'],
  'webhook.unset': ['vmware-solutions.webhook.unset', 'instance'],
};

/** What is permitted to whoever may add certificates, and is something else. */
const OPERATIONS: Readonly<Record<string, readonly [AuditAction, TargetKind]>> = {
  list_instance_connection_attempts: ['vmware-solutions.diagnosis.read', 'instance'],
  get_instance_connection_attempt: ['vmware-solutions.diagnosis.read', 'instance'],
  list_instance_certificate_claims: ['vmware-solutions.diagnosis.read', 'instance'],
  get_instance_certificate_claim: ['vmware-solutions.diagnosis.read', 'instance'],
  create_instance_certificate_claim: ['vmware-solutions.claim.create', 'instance'],
  hand_over_instance_client_certificate: ['vmware-solutions.certificate.prove', 'certificate'],
  get_instance_inventory: ['vmware-solutions.kmip-key.list', 'instance'],
  set_instance_inventory: ['vmware-solutions.key-inventory.set', 'instance'],
  list_instance_reclaim_candidates: ['vmware-solutions.kmip-key.list', 'instance'],
  list_instance_quarantined_keys: ['vmware-solutions.kmip-key.list', 'instance'],
  create_instance_quarantined_key: ['vmware-solutions.kmip-key.suspend', 'instance'],
  delete_instance_quarantined_key: ['vmware-solutions.kmip-key.resume', 'key'],
  list_instance_shred_plans: ['vmware-solutions.kmip-key.list', 'instance'],
  get_instance_shred_plan: ['vmware-solutions.kmip-key.list', 'instance'],
  list_instance_shred_plan_keys: ['vmware-solutions.kmip-key.list', 'instance'],
  get_instance_shred_plan_record: ['vmware-solutions.kmip-key.list', 'instance'],
  create_instance_shred_plan: ['vmware-solutions.shred-plan.create', 'instance'],
  confirm_instance_shred_plan: ['vmware-solutions.shred-plan.confirm', 'instance'],
  execute_instance_shred_plan: ['vmware-solutions.shred-plan.execute', 'instance'],
  delete_instance_shred_plan: ['vmware-solutions.shred-plan.delete', 'instance'],
  revoke_instance_key: ['vmware-solutions.kmip-key.revoke', 'key'],
  delete_instance_certificate_claim: ['vmware-solutions.claim.delete', 'instance'],
  test_instance_webhook: ['vmware-solutions.webhook.test', 'instance'],
};

/** One operation changes a key in three ways, which the trail tells apart. */
function changeOf(body: unknown, unknown: AuditAction): AuditAction {
  // Refused bodies come here as they are: nothing but these two values is looked at.
  const { state, suspended } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  if (state === 'active') return 'vmware-solutions.kmip-key.reactivate';
  if (typeof suspended !== 'boolean') return unknown;
  return suspended ? 'vmware-solutions.kmip-key.suspend' : 'vmware-solutions.kmip-key.resume';
}

/**
 * Puts management calls into the audit trail of the instance they were about. What succeeds here has only read: a change
 * commits its record with itself.
 */
export class CallAudit implements CallRecorder {
  constructor(
    private readonly sink: AuditSink,
    private readonly clock: Clock,
    private readonly reads: AuditSink = sink,
  ) {}

  async record(call: RecordedCall): Promise<void> {
    const [usual, kind] = OPERATIONS[call.operationId] ?? RECORDS[call.action];
    const action = call.operationId === 'update_instance_key' ? changeOf(call.body, usual) : usual;
    const sink = call.outcome === 'success' ? this.reads : this.sink;
    await sink.record({
      instanceId: call.instance.instanceId,
      action,
      occurredAt: this.clock.now(),
      initiator: { kind: 'user', iamId: call.principal.iamId, address: call.address },
      outcome: call.outcome,
      ...(call.reason !== undefined && { reason: call.reason }),
      // A path can name anything; only the kinds of id that exist are worth keeping.
      target: { kind, id: /^[0-9a-z-]{1,64}$/.test(call.targetId) ? call.targetId : call.instance.instanceId },
      correlationId: call.correlationId,
      latencyMs: call.latencyMs,
      observer: OBSERVER,
      details: { operation: call.operationId },
    });
  }
}
