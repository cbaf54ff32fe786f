import { Inject, Injectable } from '@nestjs/common';

import { type Clock, type InstanceId } from '@lib/kernel';
import { PostgresInstanceChanges, type TrailPosition } from '@lib/persistence';
import { CLOCK } from '@lib/platform';

import { type OperationCall } from '../../http/operation';
import { EventJudge } from './event-rights';
import { EventStream } from './event-stream';
import { Followers } from './followers';
import { eventOfRecord, type InstanceEvent, readPosition, resetEvent, TOLD_ACTIONS } from './instance-event';
import { InstanceWatches } from './instance-watches';

/** Who was away for more than that reads everything anew. */
const MISSED = 500;

export interface EventTimes {
  /** So often something is sent, so that nobody takes the connection for dead. */
  readonly beatMs: number;
  /** A right that was taken away is noticed within this time, beside what the decision point lets us keep. */
  readonly judgedEveryMs: number;
}

export const EVENT_TIMES = Symbol('EVENT_TIMES');

/** What happened up to a record of the trail. */
export interface PastEvents {
  readonly events: readonly InstanceEvent[];
  readonly end: TrailPosition;
}

/** What changes on an instance, for a caller. */
@Injectable()
export class EventFeed {
  constructor(
    @Inject(PostgresInstanceChanges) private readonly changes: PostgresInstanceChanges,
    @Inject(InstanceWatches) private readonly watches: InstanceWatches,
    @Inject(Followers) private readonly followers: Followers,
    @Inject(EventJudge) private readonly judge: EventJudge,
    @Inject(EVENT_TIMES) private readonly times: EventTimes,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** What the caller may hear of, of what happened since. @throws when the database or the decision point fails */
  async past(call: OperationCall): Promise<PastEvents> {
    const instance = call.instance();
    const rights = await this.judge.rightsOf(call, instance);
    const { events, end } = await this.#since(instance.instanceId, call.lastEventId);
    return { events: events.filter((event) => rights.permit(event)), end };
  }

  /** The same, and what happens from then on. It ends by itself. @throws ApiError 429, and as `past` */
  async follow(call: OperationCall): Promise<EventStream> {
    const { principal } = call;
    const { instanceId } = call.instance();
    let rights = await this.judge.rightsOf(call, call.instance());
    const stream = new EventStream((event) => rights.permit(event));
    stream.onEnd(this.followers.enter(`${principal.accountId} ${principal.iamId}`, instanceId, () => stream.end()));
    stream.onEnd(call.onSignedOut(() => stream.end()));
    try {
      stream.onEnd(await this.watches.follow(instanceId, (news) => stream.tell(news)));
      const { events, end } = await this.#since(instanceId, call.lastEventId);
      stream.begin(events, end);
    } catch (error) {
      stream.end();
      throw error;
    }
    const judge = async (): Promise<void> => {
      const now = await this.judge.rightsNow(call);
      const isMore = now?.exceed(rights) === true;
      if (now === undefined) stream.end();
      else rights = now;
      if (isMore) stream.reset(this.clock.now());
    };
    const timers = [
      setInterval(() => stream.beat(), this.times.beatMs),
      // What cannot be judged is not permitted.
      setInterval(() => void judge().catch(() => stream.end()), this.times.judgedEveryMs),
      setTimeout(() => stream.end(), principal.expiresAt * 1_000 - this.clock.now().getTime()),
    ];
    stream.onEnd(() => timers.forEach((timer) => clearTimeout(timer)));
    return stream;
  }

  async #since(instanceId: InstanceId, lastEventId: string | undefined): Promise<PastEvents> {
    const { end } = await this.changes.signs(instanceId);
    if (lastEventId === undefined) return { events: [], end };
    const known = readPosition(lastEventId);
    const reset = { events: [resetEvent(end, this.clock.now())], end };
    if (known.seq > end.seq || !(await this.changes.has(instanceId, known))) return reset;
    const found = await this.changes.recorded(instanceId, known.seq, TOLD_ACTIONS, MISSED + 1);
    if (found.length > MISSED) return reset;
    return { events: found.filter(({ seq }) => seq <= end.seq).map(eventOfRecord), end };
  }
}
