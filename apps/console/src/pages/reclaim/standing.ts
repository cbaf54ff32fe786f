import { type Schemas } from '../../api/schema';

/** What comes next of a key that is set aside. */
export type Standing = 'destroyed' | 'resumed' | 'asked_for' | 'waiting' | 'ripe';

type Quarantined = Pick<Schemas['InstanceQuarantinedKey'], 'state' | 'suspended' | 'asked_for' | 'quarantined_until'>;

/** Nothing is destroyed that somebody asked for, nor before its time. */
export function standingOf({ state, suspended, asked_for, quarantined_until }: Quarantined, now: Date): Standing {
  if (state === 'destroyed' || state === 'destroyed_compromised') return 'destroyed';
  if (!suspended) return 'resumed';
  if (asked_for !== undefined) return 'asked_for';
  return now.getTime() < Date.parse(quarantined_until) ? 'waiting' : 'ripe';
}
