import { type CertificateFingerprint, type CorrelationId, type InstanceId } from '@lib/kernel';

/** The closed vocabulary of audited actions; names follow the original service (`vmware-solutions.kmip-key.*`). */
export const AUDIT_ACTIONS = [
  'vmware-solutions.kmip-key.create',
  'vmware-solutions.kmip-key.read',
  'vmware-solutions.kmip-key.activate',
  'vmware-solutions.kmip-key.revoke',
  'vmware-solutions.kmip-key.destroy',
  'vmware-solutions.kmip-key.locate',
  'vmware-solutions.kmip-key-attributes.retrieve',
  'vmware-solutions.kmip-key-attributes.add',
  /** A change that was refused before anybody knew which. */
  'vmware-solutions.kmip-key.update',
  'vmware-solutions.kmip-key.suspend',
  'vmware-solutions.kmip-key.resume',
  'vmware-solutions.kmip-key.reactivate',
  'vmware-solutions.kmip-key.rewrap',
  'vmware-solutions.kmip-key.reconcile',
  /** What is left of a destroyed key in the key manager is purged there. */
  'vmware-solutions.kmip-key.purge',
  /** Its stored key is gone from the key manager, or there again. */
  'vmware-solutions.kmip-key.lose',
  'vmware-solutions.kmip-key.regain',
  'vmware-solutions.kmip-key.list',
  'vmware-solutions.kmip-key.describe',
  'vmware-solutions.kmip-server.query',
  'vmware-solutions.kmip-server.refuse',
  'vmware-solutions.instance.read',
  'vmware-solutions.instance.create',
  'vmware-solutions.instance.update',
  'vmware-solutions.instance.enable',
  'vmware-solutions.instance.disable',
  'vmware-solutions.instance.delete',
  'vmware-solutions.certificate.read',
  'vmware-solutions.certificate.create',
  'vmware-solutions.certificate.update',
  'vmware-solutions.certificate.delete',
  'vmware-solutions.certificate.expire',
  /** A certificate has shown that it speaks for this instance. */
  'vmware-solutions.certificate.prove',
  /** A certificate's keys are born in another instance from now on. */
  'vmware-solutions.certificate.displace',
  'vmware-solutions.kmip-credential.read',
  'vmware-solutions.kmip-credential.create',
  'vmware-solutions.kmip-credential.delete',
  'vmware-solutions.root-key.read',
  'vmware-solutions.root-key.check',
  'vmware-solutions.root-key.set',
  'vmware-solutions.root-key.unset',
  /** Keys that leave a former root key are to wait, to go on, or to be tried again. */
  'vmware-solutions.root-key.move',
  /** Keys begin to leave a former root key, are kept from it, go on after that, and have left it: it can be deleted now. */
  'vmware-solutions.root-key-move.begin',
  'vmware-solutions.root-key-move.hinder',
  'vmware-solutions.root-key-move.continue',
  'vmware-solutions.root-key-move.finish',
  /** The same of keys that go to the newest version of a root key that was rotated. */
  'vmware-solutions.root-key-rotation.begin',
  'vmware-solutions.root-key-rotation.hinder',
  'vmware-solutions.root-key-rotation.continue',
  'vmware-solutions.root-key-rotation.finish',
  /** What calls under a root key met is other than it was: `state` says `attention` or `well`. */
  'vmware-solutions.root-key.health',
  /** It expires in so many days, or fewer: told 90, 30, 7 and 1 days before. */
  'vmware-solutions.root-key.expire',
  'vmware-solutions.credential.read',
  'vmware-solutions.credential.set',
  'vmware-solutions.credential.unset',
  'vmware-solutions.key-manager.list',
  /** So many per cent of the keys that it holds at most are there: told at 80, 90, 95 and 100. */
  'vmware-solutions.key-manager.fill',
  'vmware-solutions.audit.read',
  'vmware-solutions.usage.read',
  'vmware-solutions.diagnosis.read',
  'vmware-solutions.claim.create',
  'vmware-solutions.claim.delete',
  /** Which keys an administrator found to be in use. */
  'vmware-solutions.key-inventory.set',
  'vmware-solutions.shred-plan.create',
  'vmware-solutions.shred-plan.confirm',
  /** From here on keys of the plan are destroyed, each with records of its own. */
  'vmware-solutions.shred-plan.execute',
  'vmware-solutions.shred-plan.complete',
  'vmware-solutions.shred-plan.delete',
  'vmware-solutions.webhook.read',
  'vmware-solutions.webhook.set',
  'vmware-solutions.webhook.unset',
  /** Its receiver said that it is there no more: nothing is sent until it is set again. */
  'vmware-solutions.webhook.disable',
  /** A test event was sent, and changed nothing. */
  'vmware-solutions.webhook.test',
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];

export type AuditInitiator =
  | {
      readonly kind: 'certificate';
      readonly fingerprint: CertificateFingerprint;
      readonly name?: string;
      readonly address?: string;
    }
  | { readonly kind: 'user'; readonly iamId: string; readonly name?: string; readonly address?: string }
  | { readonly kind: 'system'; readonly component: string };

/** What happened, before it has a place in the instance's chain. Holds no key bytes, tokens or PEM, by type. */
export interface AuditEvent {
  readonly instanceId: InstanceId;
  readonly action: AuditAction;
  readonly occurredAt: Date;
  readonly initiator: AuditInitiator;
  readonly outcome: 'success' | 'failure';
  /** KMIP Result Reason name or domain error code. */
  readonly reason?: string;
  /** KMIP Unique Identifier, certificate id or instance id the action was about. */
  readonly target?: {
    readonly kind: 'key' | 'certificate' | 'instance' | 'root-key' | 'credential' | 'kmip-credential';
    readonly id: string;
    readonly name?: string;
  };
  readonly correlationId: CorrelationId;
  readonly latencyMs?: number;
  /** KMIP endpoint or API that served it. */
  readonly observer: string;
  /** A few flat facts (state, CRK version, attribute names). */
  readonly details?: Readonly<Record<string, string | number | boolean>>;
}

/** Where audit events of one process go when no other change is committed with them. Fails when it cannot record. */
export interface AuditSink {
  /** Resolves once the event is committed. @throws when the audit store is down: the caller's operation must fail. */
  record(event: AuditEvent): Promise<void>;
}
