import { type AuditAction, type AuditEvent } from '@lib/audit';
import { type Instance } from '@lib/tenancy';

import { eventId } from '../tenant-api/audit/audit-event.response';

const NAMESPACE = 'com.ibm.cloud';

/** What a tenant hears of, with a title for people, and whether somebody has to act. */
const EVENTS = {
  'vmware-solutions.instance.update': ['Settings of the instance were changed', 'high'],
  'vmware-solutions.root-key.health': ['Calls to the key manager meet something else than before', 'high'],
  'vmware-solutions.root-key.expire': ['A root key is about to expire', 'high'],
  'vmware-solutions.root-key.set': ['A root key was bound: keys move to it', 'low'],
  'vmware-solutions.root-key.move': ['Keys that leave a former root key were told to wait or to go on', 'low'],
  'vmware-solutions.root-key-move.begin': ['Keys begin to leave a former root key: do not delete it yet', 'low'],
  'vmware-solutions.root-key-move.hinder': ['Keys cannot leave a former root key', 'high'],
  'vmware-solutions.root-key-move.continue': ['Keys leave a former root key again', 'low'],
  'vmware-solutions.root-key-move.finish': ['A former root key can be deleted now', 'low'],
  'vmware-solutions.root-key-rotation.begin': ['A root key was rotated: keys go to its newest version', 'low'],
  'vmware-solutions.root-key-rotation.hinder': ['Keys cannot go to the newest version of the root key', 'high'],
  'vmware-solutions.root-key-rotation.continue': ['Keys go to the newest version of the root key again', 'low'],
  'vmware-solutions.root-key-rotation.finish': ['All keys are under the newest version of the root key', 'low'],
  'vmware-solutions.key-manager.fill': ['A key manager has nearly as many keys as it can hold', 'high'],
  'vmware-solutions.kmip-key.lose': ['The stored key of a KMIP key is gone from the key manager', 'high'],
  'vmware-solutions.kmip-key.regain': ['The stored key of a KMIP key is there again', 'low'],
  'vmware-solutions.kmip-key.suspend': ['A KMIP key was suspended', 'low'],
  'vmware-solutions.kmip-key.resume': ['A KMIP key was resumed', 'low'],
  'vmware-solutions.kmip-key.destroy': ['A KMIP key was destroyed', 'low'],
  'vmware-solutions.certificate.expire': ['A client certificate is about to expire', 'high'],
} as const satisfies Partial<Record<AuditAction, readonly [title: string, severity: 'high' | 'low']>>;

export const EVENT_ACTIONS = Object.keys(EVENTS) as readonly (keyof typeof EVENTS)[];

/** Facts of records that an event has too. What a person or a machine could have named is none of them. */
const DETAILS: ReadonlySet<string> = new Set(
  [
    'rootKeyId',
    'toVersion',
    'keyManagerCrn',
    'state',
    'met',
    'days',
    'storedKeyId',
    'change',
    'keysLeft',
    'step',
  ].concat(
    ['noticeDays', 'code', 'message', 'percent', 'storedKeys', 'maximumKeys', 'expiresAt', 'fingerprint'],
    ['secondPersonToDestroy', 'secondPersonUntil', 'purgeDestroyedKeys', 'credentialPolicy', 'keyGeneration'],
  ),
);

/** A record of an instance's trail. */
export interface EventRecord {
  readonly seq: number;
  readonly hash: Buffer;
  readonly event: AuditEvent;
}

/** Names that go with an event, if the tenant wants them. */
export interface EventNames {
  readonly target?: string | undefined;
  /** The machine that a key belongs to. */
  readonly vm?: string | undefined;
}

export interface CloudEvent {
  readonly id: string;
  readonly specversion: '1.0';
  readonly source: string;
  readonly type: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly [attribute: string]: unknown;
}

/**
 * CloudEvents 1.0 in JSON, with the attributes that Event Notifications shows. The identifier is the place in the trail
 * and what lies there: the same with each attempt, and another one after a restore that lets the trail go on otherwise.
 */
export function cloudEventOf(
  { id: instanceId, crn }: Pick<Instance, 'id' | 'crn'>,
  { seq, hash, event }: EventRecord,
  { publicUrl, names }: { readonly publicUrl: string; readonly names: EventNames },
): CloudEvent {
  const { action, occurredAt, target, details = {} } = event;
  const [title, severity] = EVENTS[action as keyof typeof EVENTS];
  const told = Object.entries(details).filter(([name]) => DETAILS.has(name));
  return {
    ...envelope(crn, `${eventId(seq)}-${hash.toString('hex', 0, 8)}`, action, occurredAt),
    ...(target && { subject: target.id }),
    ibmenseverity: severity,
    ibmendefaultshort: title,
    ibmendefaultlong: `${title}: ${names.vm ?? names.target ?? target?.id ?? instanceId}`,
    data: {
      action,
      instance_id: instanceId,
      target: target && { kind: target.kind, id: target.id, name: names.target },
      vm: names.vm === undefined ? undefined : { name: names.vm },
      details: Object.fromEntries(told),
      audit_event: `${publicUrl}/v1/instances/${instanceId}/audit_events/${eventId(seq)}`,
    },
  };
}

const ENDS = {
  'vmware-solutions.webhook.set': 'From now on events go to another address, or are signed by another secret',
  'vmware-solutions.webhook.unset': 'The webhook was removed: no event is sent any more',
} as const satisfies Partial<Record<AuditAction, string>>;

/**
 * The last that a receiver hears. What it would have heard in its turn may go elsewhere by now, so it says what one
 * administrator might want to do unheard: end the demand for a second person.
 */
export function endEventOf(
  { id: instanceId, crn, secondPersonToDestroy, secondPersonUntil }: Instance,
  action: keyof typeof ENDS,
  { id, now }: { readonly id: string; readonly now: Date },
): CloudEvent {
  return {
    ...envelope(crn, `end-${id}`, action, now),
    subject: instanceId,
    ibmenseverity: 'high',
    ibmendefaultshort: ENDS[action],
    ibmendefaultlong: `${ENDS[action]}: ${instanceId}`,
    data: {
      action,
      instance_id: instanceId,
      details: { secondPersonToDestroy, secondPersonUntil: secondPersonUntil?.toISOString() },
    },
  };
}

/** What a test delivers. */
export function testEventOf({ id, crn }: Pick<Instance, 'id' | 'crn'>, testId: string, now: Date): CloudEvent {
  return {
    ...envelope(crn, `test-${testId}`, 'vmware-solutions.webhook.test', now),
    ibmenseverity: 'low',
    ibmendefaultshort: 'A test of the webhook',
    data: { action: 'vmware-solutions.webhook.test', instance_id: id },
  };
}

const envelope = (source: string, id: string, action: AuditAction, at: Date): CloudEvent => ({
  specversion: '1.0',
  id,
  source,
  // Event Notifications parts what it is about from what happened by a colon.
  type: `${NAMESPACE}.${action.replace(/\.([^.]+)$/, ':$1')}`,
  time: at.toISOString(),
  datacontenttype: 'application/json',
});
