import { Controller, Get, Inject } from '@nestjs/common';

import { type OperationAnswer, type OperationCall } from '../../http/operation';
import { Call, Operation } from '../../http/operation.decorator';
import { EVENT_STREAM } from '../../http/media-types';
import { EventFeed } from './event-feed';
import { positionText } from './instance-event';

/** What changes on an instance, to whoever follows it. */
@Controller('v1/instances/:instance_id/events')
export class EventsController {
  constructor(@Inject(EventFeed) private readonly feed: EventFeed) {}

  @Get()
  @Operation('get_instance_events', 'instance.read')
  async get(@Call() call: OperationCall): Promise<OperationAnswer> {
    if (call.answerType === EVENT_STREAM) {
      const { content } = await this.feed.follow(call);
      return { status: 200, stream: { type: EVENT_STREAM, content } };
    }
    const { events, end } = await this.feed.past(call);
    return { status: 200, body: { events, last_event_id: positionText(end) } };
  }
}
