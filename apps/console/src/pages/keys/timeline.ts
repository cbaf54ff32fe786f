import { type Key } from '../../api/schema';

export type TimelineEvent =
  | 'created'
  | 'activated'
  | 'fetched'
  | 'deactivated'
  | 'compromised'
  | 'shredded'
  | 'destroyed'
  | 'purged'
  | 'restorable';

export interface TimelineItem {
  readonly event: TimelineEvent;
  readonly at: string;
  /** What has not happened yet. */
  readonly ahead: boolean;
}

type Dated = Pick<
  Key,
  | 'created_at'
  | 'activated_at'
  | 'deactivated_at'
  | 'compromised_at'
  | 'destroyed_at'
  | 'shredded'
  | 'recovery'
  | 'last_fetched'
>;

/** The life of a key in the order of its dates. */
export function timelineOf(key: Dated, now: Date): readonly TimelineItem[] {
  const { recovery, shredded } = key;
  const dates: readonly (readonly [TimelineEvent, string | undefined])[] = [
    ['created', key.created_at],
    ['activated', key.activated_at],
    ['fetched', key.last_fetched?.at],
    ['deactivated', key.deactivated_at],
    ['compromised', key.compromised_at],
    ['shredded', shredded?.since],
    ['destroyed', key.destroyed_at],
    ['purged', recovery?.purged_at],
    ['restorable', recovery?.possible === true ? recovery.until : shredded?.restorable_until],
  ];
  return dates
    .flatMap(([event, at]) => (at === undefined ? [] : [{ event, at, ahead: Date.parse(at) > now.getTime() }]))
    .sort((one, other) => secondOf(one.at) - secondOf(other.at));
}

/** KMIP keeps some dates in whole seconds: within one, they stand in the order in which they come about. */
const secondOf = (at: string): number => Math.floor(Date.parse(at) / 1000);
