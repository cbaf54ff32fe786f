import { randomBytes, randomUUID } from 'node:crypto';

import { type Clock } from '@lib/kernel';
import { type ManagedObjectReference, type ObjectContent } from '@lib/vi-json';

/** The idle limit of a real vCenter is not established; this is its client's old default [inferred]. */
const IDLE_MS = 30 * 60_000;

export interface Session {
  /** Whether the token of one would do for the other is not established: here it does not [inferred]. */
  readonly over: 'json' | 'soap';
  /** Opaque; goes into the header of each call, or into a cookie. */
  readonly token: string;
  /** UserSession.key: another value than the token [inferred]. */
  readonly key: string;
  readonly userName: string;
  readonly loginTime: Date;
  readonly locale: string;
  readonly userAgent: string;
  readonly ipAddress: string;
  lastActiveTime: Date;
  lastActiveMs: number;
  callCount: number;
  /** ContainerViews by id; they end with the session. */
  readonly views: Map<string, ContainerView>;
  /** Rest of a paged answer by token. */
  readonly pages: Map<string, RestOfPages>;
}

export interface RestOfPages {
  readonly contents: readonly ObjectContent[];
  /** Of each page, as the first call asked for. */
  readonly size: number;
}

export interface ContainerView {
  readonly container: ManagedObjectReference;
  readonly types: readonly string[];
  readonly recursive: boolean;
}

type Visitor = Pick<Session, 'over' | 'userName' | 'locale' | 'userAgent' | 'ipAddress'>;

/** In memory: a restarted vCenter knows no session. */
export class Sessions {
  readonly #byToken = new Map<string, Session>();

  constructor(private readonly clock: Clock) {}

  open(visitor: Visitor): Session {
    const now = this.clock.now();
    const session: Session = {
      ...visitor,
      token: randomBytes(20).toString('hex'),
      key: randomUUID(),
      loginTime: now,
      lastActiveTime: now,
      lastActiveMs: this.clock.monotonicMs(),
      callCount: 0,
      views: new Map(),
      pages: new Map(),
    };
    this.#byToken.set(session.token, session);
    return session;
  }

  /** Counts as activity. */
  find(token: string | undefined, over: Session['over']): Session | undefined {
    const session = token === undefined ? undefined : this.#byToken.get(token);
    if (session?.over !== over) return undefined;
    const now = this.clock.monotonicMs();
    if (now - session.lastActiveMs > IDLE_MS) {
      this.#byToken.delete(session.token);
      return undefined;
    }
    session.lastActiveMs = now;
    session.lastActiveTime = this.clock.now();
    return session;
  }

  close(session: Session): void {
    this.#byToken.delete(session.token);
  }

  list(): readonly Session[] {
    return [...this.#byToken.values()];
  }

  /** All of them, or those of one user: what an administrator's "terminate" does, or a restart. */
  expire(userName?: string): number {
    const ended = this.list().filter((session) => userName === undefined || session.userName === userName);
    for (const session of ended) this.close(session);
    return ended.length;
  }
}
