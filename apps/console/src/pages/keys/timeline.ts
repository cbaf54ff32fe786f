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
    .flatMap(([event, at]) => (at === undefined ? [] : [{ event, at: inSeconds(at) }]))
    .map((item) => ({ ...item, ahead: Date.parse(item.at) > now.getTime() }))
    .sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
}

/**
 * KMIP keeps some dates in whole seconds. So are all told here: within one, they stand in the order in which they come
 * about, and are of one age.
 */
const inSeconds = (at: string): string => new Date(Math.floor(Date.parse(at) / 1000) * 1000).toISOString();
