import { type ManagedObjectReference } from '@lib/vi-json';
import { type FastifyReply, type FastifyRequest } from 'fastify';

import { type Center } from '../center';
import { type MethodDefinition } from '../methods/method';
import { ROOT_FOLDER } from '../objects';
import { type UserRow } from '../rows';
import { type Session } from '../sessions';
import { demand } from '../users';
import { notAuthenticated } from '../vim/fault';
import { type Parameters } from '../vim/input';
import { type CallEntry } from './call-log';
import { type CallFacts, isOfTask, suffer } from './traffic';

/** What one call is answered with: a value, and the type as which it is written. */
export interface Answer {
  readonly type: string;
  readonly value: unknown;
}

/** The two ends of a call. */
export interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** Logged, and disturbed as the admin API asked. */
export async function watched(
  center: Center,
  { request, reply }: Exchange,
  facts: CallFacts,
  work: () => Promise<Answer>,
  send: (answer: Answer) => FastifyReply,
): Promise<FastifyReply> {
  const entry: CallEntry = { at: center.clock.now().toISOString(), ...facts };
  center.calls.record(entry);
  const effects = center.faults.strike(facts, (effect) => !isOfTask(effect));
  try {
    if (!(await suffer(request, reply, effects, 'before'))) return await reply;
    const answer = await work();
    if (!(await suffer(request, reply, effects, 'after'))) return await reply;
    return await send(answer);
  } finally {
    if (reply.sent) entry.status = reply.statusCode;
  }
}

/** Asks for the privilege of the method and performs it. */
export async function carryOut(
  center: Center,
  definition: MethodDefinition,
  object: ManagedObjectReference,
  parameters: Parameters,
  session: Session | undefined,
): Promise<unknown> {
  if (session === undefined) {
    // RetrieveServiceContent alone is served without one, and asks for neither session nor user.
    return await definition.handle({ center, object, parameters, session: undefined, user: undefined } as never);
  }
  const user = userOf(center, session, object);
  session.callCount += 1;
  if (definition.privilege !== undefined) {
    demand(user, definition.privilege, definition.at === 'root' ? ROOT_FOLDER : object);
  }
  return await definition.handle({ center, object, parameters: parameters as never, session, user });
}

/** A user who was removed meanwhile has no session either. */
export function userOf(center: Center, session: Session, object: ManagedObjectReference): UserRow {
  const user = center.users.find(session.userName);
  if (user === undefined) throw notAuthenticated(object);
  return user;
}
