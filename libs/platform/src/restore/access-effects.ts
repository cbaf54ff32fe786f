import { type AuditAction, type AuditEvent } from '@lib/audit';
import { factsInForceBy } from '@lib/kmip-engine';

/** What is said of one thing in one family; of several words the last one counts. */
const KINDS = {
  certificate_removed: 'certificate',
  certificate_added: 'certificate',
  /** The latest proof of all instances is where keys are born: it takes that from whoever had it before. */
  certificate_proven: 'proof',
  instance_disabled: 'enablement',
  instance_enabled: 'enablement',
  instance_removed: 'existence',
  instance_created: 'existence',
  credential_policy_enforced: 'credential policy',
  credential_policy_ignored: 'credential policy',
  /** Who could destroy keys alone cannot any more. */
  second_person_demanded: 'second person',
  second_person_waived: 'second person',
  /** Never taken back: a new password is another one. */
  kmip_password_deleted: 'password',
  credential_removed: 'credential',
  credential_set: 'credential',
  suspended: 'suspension',
  resumed: 'suspension',
  deactivated: 'state',
  reactivated: 'state',
  /** Final: who deactivates a key, or makes it active, whose compromise a restored catalog has forgotten, takes nothing back. */
  compromised: 'compromise',
  destruction_ordered: 'destruction',
  destruction_withdrawn: 'destruction',
} as const satisfies Record<string, string>;

export type WithdrawalKind = keyof typeof KINDS;

export const WITHDRAWAL_KINDS = Object.keys(KINDS) as readonly WithdrawalKind[];

export const familyOf = (kind: WithdrawalKind): string => KINDS[kind];

/** What an event says of access: to which thing, and what else has to be known to bring it about again. */
export interface AccessWord {
  readonly kind: WithdrawalKind;
  /** SHA-256 of a certificate, the identifier of a key or a password, or the instance. */
  readonly subject: string;
  readonly detail?: string;
}

type Effect = (event: AuditEvent) => readonly (AccessWord | undefined)[];

/** Neither takes nor gives access. */
const NONE: Effect = () => [];

/**
 * What each audited action does to who may have which key. Withdrawals that a restore of the database would undo are
 * found by this table alone (docs/adr/0061), so an action that is added does not compile until it has chosen.
 */
const EFFECTS: Readonly<Record<AuditAction, Effect>> = {
  'vmware-solutions.kmip-key.create': NONE,
  'vmware-solutions.kmip-key.read': NONE,
  'vmware-solutions.kmip-key.activate': NONE,
  'vmware-solutions.kmip-key.revoke': (event) => [
    ofKey(event, event.details?.['state'] === 'Compromised' ? 'compromised' : 'deactivated'),
  ],
  'vmware-solutions.kmip-key.destroy': (event) => [destruction(event)],
  'vmware-solutions.kmip-key.locate': NONE,
  'vmware-solutions.kmip-key-attributes.retrieve': NONE,
  'vmware-solutions.kmip-key-attributes.add': NONE,
  'vmware-solutions.kmip-key.update': NONE,
  'vmware-solutions.kmip-key.suspend': (event) => [ofKey(event, 'suspended')],
  'vmware-solutions.kmip-key.resume': (event) => [ofKey(event, 'resumed')],
  'vmware-solutions.kmip-key.reactivate': (event) => [ofKey(event, 'reactivated'), suspensionWith(event)],
  'vmware-solutions.kmip-key.rewrap': NONE,
  'vmware-solutions.kmip-key.reconcile': (event) => [destruction(event), ...factsInForce(event)],
  'vmware-solutions.kmip-key.purge': NONE,
  'vmware-solutions.kmip-key.lose': NONE,
  'vmware-solutions.kmip-key.regain': NONE,
  'vmware-solutions.kmip-key.list': NONE,
  'vmware-solutions.kmip-key.describe': NONE,
  'vmware-solutions.kmip-server.query': NONE,
  'vmware-solutions.kmip-server.refuse': NONE,
  'vmware-solutions.instance.read': NONE,
  'vmware-solutions.instance.create': (event) => [ofInstance(event, 'instance_created'), secondPerson(event)],
  'vmware-solutions.instance.update': (event) => [removal(event), policy(event), secondPerson(event)],
  'vmware-solutions.instance.enable': (event) => [ofInstance(event, 'instance_enabled')],
  'vmware-solutions.instance.disable': (event) => [ofInstance(event, 'instance_disabled', 'reason')],
  'vmware-solutions.instance.delete': (event) => [ofInstance(event, 'instance_removed')],
  'vmware-solutions.certificate.read': NONE,
  'vmware-solutions.certificate.create': (event) => [
    ofCertificate(event, 'certificate_added'),
    event.details?.['proof'] === undefined ? undefined : ofCertificate(event, 'certificate_proven'),
  ],
  'vmware-solutions.certificate.update': NONE,
  'vmware-solutions.certificate.delete': (event) => [ofCertificate(event, 'certificate_removed')],
  // Tells of the end that the certificate itself says; the clock withdraws it, before a restore and after.
  'vmware-solutions.certificate.expire': NONE,
  'vmware-solutions.certificate.prove': (event) => [ofCertificate(event, 'certificate_proven')],
  // The proof that displaced it is in the trail of the instance that has it.
  'vmware-solutions.certificate.displace': NONE,
  'vmware-solutions.kmip-credential.read': NONE,
  'vmware-solutions.kmip-credential.create': NONE,
  'vmware-solutions.kmip-credential.delete': ({ target }) =>
    target === undefined ? [] : [{ kind: 'kmip_password_deleted', subject: target.id }],
  'vmware-solutions.root-key.read': NONE,
  'vmware-solutions.root-key.check': NONE,
  'vmware-solutions.root-key.set': NONE,
  // Refused while the instance has keys.
  'vmware-solutions.root-key.unset': NONE,
  'vmware-solutions.root-key.move': NONE,
  'vmware-solutions.root-key-move.begin': NONE,
  'vmware-solutions.root-key-move.hinder': NONE,
  'vmware-solutions.root-key-move.continue': NONE,
  'vmware-solutions.root-key-move.finish': NONE,
  'vmware-solutions.root-key-rotation.begin': NONE,
  'vmware-solutions.root-key-rotation.hinder': NONE,
  'vmware-solutions.root-key-rotation.continue': NONE,
  'vmware-solutions.root-key-rotation.finish': NONE,
  'vmware-solutions.root-key.health': NONE,
  'vmware-solutions.root-key.expire': NONE,
  'vmware-solutions.credential.read': NONE,
  'vmware-solutions.credential.set': (event) => ofCredential(event, 'credential_set'),
  'vmware-solutions.credential.unset': (event) => ofCredential(event, 'credential_removed'),
  'vmware-solutions.key-manager.list': NONE,
  'vmware-solutions.key-manager.fill': NONE,
  'vmware-solutions.audit.read': NONE,
  'vmware-solutions.usage.read': NONE,
  'vmware-solutions.diagnosis.read': NONE,
  'vmware-solutions.claim.create': NONE,
  'vmware-solutions.claim.delete': NONE,
  // Says what is in use; a key that is set aside is suspended, with a record of that.
  'vmware-solutions.key-inventory.set': NONE,
  // Each key that goes by a plan has records of its own.
  'vmware-solutions.shred-plan.create': NONE,
  'vmware-solutions.shred-plan.confirm': NONE,
  'vmware-solutions.shred-plan.execute': NONE,
  'vmware-solutions.shred-plan.complete': NONE,
  'vmware-solutions.shred-plan.delete': NONE,
  // Hears of keys, and gets none.
  'vmware-solutions.webhook.read': NONE,
  'vmware-solutions.webhook.set': NONE,
  'vmware-solutions.webhook.unset': NONE,
  'vmware-solutions.webhook.disable': NONE,
  'vmware-solutions.webhook.test': NONE,
};

/** What an event took away or gave back; nothing for one that did not succeed, but for an order that was withdrawn. */
export function accessWordsIn(event: AuditEvent): readonly AccessWord[] {
  return EFFECTS[event.action](event).filter(
    (word): word is AccessWord =>
      word !== undefined && (event.outcome === 'success') === (word.kind !== 'destruction_withdrawn'),
  );
}

const ofKey = ({ target }: AuditEvent, kind: WithdrawalKind): AccessWord | undefined =>
  target?.kind === 'key' ? { kind, subject: target.id } : undefined;

function ofCertificate({ details }: AuditEvent, kind: WithdrawalKind): AccessWord | undefined {
  const fingerprint = details?.['fingerprint'];
  return typeof fingerprint === 'string' ? { kind, subject: fingerprint } : undefined;
}

function ofInstance({ instanceId, details }: AuditEvent, kind: WithdrawalKind, named = ''): AccessWord {
  const detail = details?.[named];
  return { kind, subject: instanceId, ...(typeof detail === 'string' && { detail }) };
}

/** Resuming or suspending along with reactivating is one event, which says it where it was asked for. */
function suspensionWith(event: AuditEvent): AccessWord | undefined {
  const suspended = event.details?.['suspended'];
  return typeof suspended === 'boolean' ? ofKey(event, suspended ? 'suspended' : 'resumed') : undefined;
}

function removal(event: AuditEvent): AccessWord | undefined {
  return event.details?.['state'] === 'removing' ? ofInstance(event, 'instance_removed') : undefined;
}

function policy(event: AuditEvent): AccessWord | undefined {
  const credentialPolicy = event.details?.['credentialPolicy'];
  if (credentialPolicy === undefined) return undefined;
  return ofInstance(event, credentialPolicy === 'enforce' ? 'credential_policy_enforced' : 'credential_policy_ignored');
}

function secondPerson(event: AuditEvent): AccessWord | undefined {
  const demanded = event.details?.['secondPersonToDestroy'];
  if (typeof demanded !== 'boolean') return undefined;
  return ofInstance(event, demanded ? 'second_person_demanded' : 'second_person_waived');
}

/** By the word of notes or of an exported trail; a destruction is not ordered by either. */
const factsInForce = (event: AuditEvent): readonly (AccessWord | undefined)[] =>
  factsInForceBy(event.details).map((fact) => (fact === 'destroyed' ? undefined : ofKey(event, fact)));

/** By a client or an administrator, and by the reconciler, who writes `destruction` before the step. */
function destruction(event: AuditEvent): AccessWord | undefined {
  const step = String(event.details?.['step'] ?? '');
  const prefix = event.action === 'vmware-solutions.kmip-key.reconcile' ? 'destruction ' : '';
  if (step === `${prefix}withdrawn`) return ofKey(event, 'destruction_withdrawn');
  return step === `${prefix}requested` || step === `${prefix}completed`
    ? ofKey(event, 'destruction_ordered')
    : undefined;
}

/** Of the one in force: that of a former root key comes and goes with where keys lie, and is of no use without it. */
function ofCredential(event: AuditEvent, kind: 'credential_set' | 'credential_removed'): readonly AccessWord[] {
  return event.details?.['formerRootKeyId'] === undefined ? [ofInstance(event, kind)] : [];
}
