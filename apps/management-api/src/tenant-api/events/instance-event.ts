import { type AuditAction } from '@lib/audit';
import { type PendingEvent, type TrailPosition } from '@lib/persistence';
import { type Action } from '@lib/tenancy';

import { eventId, sequenceOf } from '../audit/audit-event.response';

/** What events are about, and what it takes to hear of it: what it takes to read it. */
export const EVENT_TYPES = {
  'instance.state': 'instance.read',
  'certificate.state': 'certificate.read',
  'kmip-credential': 'kmip-credential.read',
  credential: 'credential.read',
  'root-key': 'root-key.read',
  'move.progress': 'root-key.read',
  key: 'key.list',
  'shred-plan': 'key.list',
  webhook: 'webhook.read',
  claim: 'certificate.create',
  attempt: 'certificate.create',
} as const satisfies Readonly<Record<string, Action>>;

export type EventType = keyof typeof EVENT_TYPES;

/** InstanceEvent. Nothing of it was named by a person or a machine. */
export interface InstanceEvent {
  readonly id: string;
  readonly type: EventType | 'reset';
  readonly subject?: string;
  readonly state?: string;
  readonly keys_moved?: number;
  readonly occurred_at: string;
}

/** Records that tell of a change, by what they are about. Reads, and keys that are handed out, are none. */
const RECORDS: Readonly<Partial<Record<AuditAction, EventType>>> = {
  'vmware-solutions.instance.create': 'instance.state',
  'vmware-solutions.instance.update': 'instance.state',
  'vmware-solutions.instance.enable': 'instance.state',
  'vmware-solutions.instance.disable': 'instance.state',
  'vmware-solutions.certificate.create': 'certificate.state',
  'vmware-solutions.certificate.update': 'certificate.state',
  'vmware-solutions.certificate.delete': 'certificate.state',
  'vmware-solutions.certificate.expire': 'certificate.state',
  'vmware-solutions.certificate.prove': 'certificate.state',
  'vmware-solutions.certificate.displace': 'certificate.state',
  'vmware-solutions.kmip-credential.create': 'kmip-credential',
  'vmware-solutions.kmip-credential.delete': 'kmip-credential',
  'vmware-solutions.credential.set': 'credential',
  'vmware-solutions.credential.unset': 'credential',
  'vmware-solutions.root-key.set': 'root-key',
  'vmware-solutions.root-key.unset': 'root-key',
  'vmware-solutions.root-key.health': 'root-key',
  'vmware-solutions.root-key.expire': 'root-key',
  'vmware-solutions.key-manager.fill': 'root-key',
  'vmware-solutions.root-key.move': 'move.progress',
  'vmware-solutions.root-key-move.begin': 'move.progress',
  'vmware-solutions.root-key-move.hinder': 'move.progress',
  'vmware-solutions.root-key-move.continue': 'move.progress',
  'vmware-solutions.root-key-move.finish': 'move.progress',
  'vmware-solutions.root-key-rotation.begin': 'move.progress',
  'vmware-solutions.root-key-rotation.hinder': 'move.progress',
  'vmware-solutions.root-key-rotation.continue': 'move.progress',
  'vmware-solutions.root-key-rotation.finish': 'move.progress',
  'vmware-solutions.kmip-key.create': 'key',
  'vmware-solutions.kmip-key.activate': 'key',
  'vmware-solutions.kmip-key.revoke': 'key',
  'vmware-solutions.kmip-key.destroy': 'key',
  'vmware-solutions.kmip-key.suspend': 'key',
  'vmware-solutions.kmip-key.resume': 'key',
  'vmware-solutions.kmip-key.reactivate': 'key',
  'vmware-solutions.kmip-key.lose': 'key',
  'vmware-solutions.kmip-key.regain': 'key',
  'vmware-solutions.kmip-key.purge': 'key',
  'vmware-solutions.kmip-key-attributes.add': 'key',
  'vmware-solutions.key-inventory.set': 'key',
  'vmware-solutions.shred-plan.create': 'shred-plan',
  'vmware-solutions.shred-plan.confirm': 'shred-plan',
  'vmware-solutions.shred-plan.execute': 'shred-plan',
  'vmware-solutions.shred-plan.complete': 'shred-plan',
  'vmware-solutions.shred-plan.delete': 'shred-plan',
  'vmware-solutions.webhook.set': 'webhook',
  'vmware-solutions.webhook.unset': 'webhook',
  'vmware-solutions.webhook.disable': 'webhook',
  'vmware-solutions.claim.create': 'claim',
  'vmware-solutions.claim.delete': 'claim',
};

export const TOLD_ACTIONS = Object.keys(RECORDS) as readonly AuditAction[];

/** Identifiers as we make them, and words of ours. */
const SUBJECT = /^[0-9a-zA-Z-]{1,64}$/;

export function eventOfRecord({ seq, hash, event }: PendingEvent): InstanceEvent {
  const { action, target, occurredAt } = event;
  const subject = target?.kind === 'instance' ? undefined : target?.id;
  return {
    id: positionText({ seq, mark: hash.toString('hex', 0, 8) }),
    // Only records of these actions are asked for.
    type: RECORDS[action] ?? 'instance.state',
    ...(subject !== undefined && SUBJECT.test(subject) && { subject }),
    state: action.slice(action.lastIndexOf('.') + 1),
    occurred_at: occurredAt.toISOString(),
  };
}

/** Everything is to be read anew. */
export const resetEvent = (end: TrailPosition, now: Date): InstanceEvent => ({
  id: positionText(end),
  type: 'reset',
  occurred_at: now.toISOString(),
});

export const positionText = ({ seq, mark }: TrailPosition): string => `${eventId(seq)}-${mark}`;

/** @param text as the document has it */
export function readPosition(text: string): TrailPosition {
  const [number = '', mark = ''] = text.split('-');
  return { seq: sequenceOf(number) ?? 0, mark };
}
