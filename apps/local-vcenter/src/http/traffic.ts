import { setTimeout as delay } from 'node:timers/promises';

import { type FastifyReply, type FastifyRequest } from 'fastify';

import { VimFault } from '../vim/fault';

/** What a rule of the admin API looks for; what is absent matches everything. */
export interface FaultMatch {
  readonly type?: string | undefined;
  /** moId. */
  readonly object?: string | undefined;
  readonly method?: string | undefined;
  readonly user?: string | undefined;
}

export interface CallFacts {
  readonly type: string;
  readonly object: string;
  readonly method: string;
  readonly user: string | undefined;
}

export type FaultEffect =
  | { readonly kind: 'delay'; readonly milliseconds: number }
  /** The call itself, or its task, ends so. */
  | {
      readonly kind: 'fault';
      readonly fault: string;
      readonly message: string;
      readonly members: Readonly<Record<string, unknown>>;
      readonly in: 'call' | 'task';
    }
  | { readonly kind: 'slow_task'; readonly seconds: number }
  /** A recrypt that is cut after so many files: those have their new keys. */
  | { readonly kind: 'cut_task'; readonly after: number }
  /** The reverse proxy's own words: no JSON. */
  | { readonly kind: 'page'; readonly status: number; readonly when: FaultMoment }
  | { readonly kind: 'hang'; readonly when: FaultMoment }
  | { readonly kind: 'reset'; readonly when: FaultMoment };

/** `after`: the call takes effect and only its answer is lost. */
type FaultMoment = 'before' | 'after';

export const strikes = (match: FaultMatch, facts: CallFacts): boolean =>
  (match.type === undefined || match.type === facts.type) &&
  (match.object === undefined || match.object === facts.object) &&
  (match.method === undefined || match.method === facts.method) &&
  (match.user === undefined || match.user === facts.user);

/** @returns false when the call was answered, or never will be. @throws VimFault for a fault of the call */
export async function suffer(
  request: FastifyRequest,
  reply: FastifyReply,
  effects: readonly FaultEffect[],
  when: FaultMoment,
): Promise<boolean> {
  for (const effect of effects) {
    if (effect.kind === 'delay' && when === 'before') await delay(effect.milliseconds);
    if (effect.kind === 'fault' && effect.in === 'call' && when === 'before') throw faultOf(effect);
    if (!('when' in effect) || effect.when !== when) continue;
    if (effect.kind === 'page') {
      const page = `<html><head><title>${effect.status}</title></head><body>upstream connect error</body></html>`;
      await reply.code(effect.status).type('text/html').send(page);
      return false;
    }
    reply.hijack();
    // A TLS socket cannot send a reset of TCP; a lost connection is what the client sees all the same.
    if (effect.kind === 'reset') request.raw.socket.destroy();
    return false;
  }
  return true;
}

export const faultOf = ({ fault, message, members }: Extract<FaultEffect, { kind: 'fault' }>): VimFault =>
  new VimFault(fault, message, members);

export const isOfTask = (effect: FaultEffect): boolean =>
  effect.kind === 'slow_task' || effect.kind === 'cut_task' || (effect.kind === 'fault' && effect.in === 'task');
