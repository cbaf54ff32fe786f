import { Inject, Injectable } from '@nestjs/common';

import { type Authorizer } from '../../auth/authorizer.port';
import { AUTHORIZER } from '../../auth/tokens';
import { type InstanceDirectory } from '../../http/admission';
import { type InstanceScope, type OperationCall } from '../../http/operation';
import { INSTANCE_DIRECTORY } from '../../http/tokens';
import { EVENT_TYPES, type EventType, type InstanceEvent } from './instance-event';

const TYPES = Object.entries(EVENT_TYPES) as readonly (readonly [EventType, (typeof EVENT_TYPES)[EventType]])[];

/** What a caller may hear of. */
export class EventRights {
  constructor(private readonly types: ReadonlySet<EventType>) {}

  /** False for who may not even see the instance. */
  get any(): boolean {
    return this.types.has('instance.state');
  }

  permit({ type }: InstanceEvent): boolean {
    return type === 'reset' || this.types.has(type);
  }

  /** Whether something is permitted that was not. */
  exceed(before: EventRights): boolean {
    return [...this.types].some((type) => !before.types.has(type));
  }
}

/** Judges who may hear of what, and whether he still may. */
@Injectable()
export class EventJudge {
  constructor(
    @Inject(AUTHORIZER) private readonly authorizer: Authorizer,
    @Inject(INSTANCE_DIRECTORY) private readonly directory: InstanceDirectory,
  ) {}

  /** @throws AuthorizerUnavailableError */
  async rightsOf({ principal }: OperationCall, { instanceId, accountId, crn }: InstanceScope): Promise<EventRights> {
    const resource = { instanceId, accountId, crn };
    const decisions = await this.authorizer.decide(TYPES.map(([, action]) => ({ principal, action, resource })));
    return new EventRights(new Set(TYPES.filter((_, index) => decisions[index] === true).map(([type]) => type)));
  }

  /** @returns undefined for who may not follow it any more @throws when that cannot be judged */
  async rightsNow(call: OperationCall): Promise<EventRights | undefined> {
    const { instanceId, accountId } = call.instance();
    if (!(await call.isValid())) return undefined;
    const instance = await this.directory.find(instanceId);
    if (instance?.accountId !== accountId) return undefined;
    const rights = await this.rightsOf(call, instance);
    return rights.any ? rights : undefined;
  }
}
