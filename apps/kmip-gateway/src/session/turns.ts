import { type OperationTable } from '@lib/kmip-engine';
import { peekOperations } from '@lib/kmip-protocol';

/**
 * What a request is for: handing out keys and talking about the server, or anything else. The first is short, and a
 * whole site may ask at once after an outage; the second writes, searches and calls the key manager for long.
 */
export type TurnKind = 'serving' | 'working';

/** `question`: about the server alone. It needs no turn where it can be answered at once, and else one of serving. */
export type MessageKind = 'question' | TurnKind;

export interface TurnLimits {
  /** Of one account together, so that many instances have no more of this process than one. */
  readonly account: number;
  /** Of one instance, so that it leaves something to its siblings. */
  readonly owner: number;
}

/** A batch is as long as its client likes; hosts ask for one thing at a time, or for a few. */
const SERVING_ITEMS = 8;

/** One item of another kind makes the message one of that kind, and so does what cannot be read. */
export function kindOf(message: Buffer, operations: Pick<OperationTable, 'isQuestion' | 'serves'>): MessageKind {
  const asked = peekOperations(message) ?? [];
  if (asked.length === 0 || asked.length > SERVING_ITEMS) return 'working';
  if (asked.every((operation) => operations.isQuestion(operation))) return 'question';
  return asked.every((operation) => operations.serves(operation)) ? 'serving' : 'working';
}

/**
 * Requests that are carried out at the same time. More wait in order, so that a tenant with hundreds of busy connections
 * has a bounded share of this process, of its database connections and of the key manager's: a neighbour's request
 * stands in line with these few, and not with hundreds. 64 hosts that start together do not wait.
 */
const LIMITS: Readonly<Record<TurnKind, TurnLimits>> = {
  serving: { account: 96, owner: 64 },
  working: { account: 8, owner: 6 },
};

interface Owner {
  active: number;
  readonly waiting: (() => void)[];
}

interface Lane {
  active: number;
  /** In the order in which they are called. */
  readonly owners: Map<string, Owner>;
}

/** Takes turns within each account, its instances one after the other; accounts do not wait for each other. */
export class Turns {
  readonly #lanes = new Map<string, Lane>();

  constructor(private readonly limits = LIMITS) {}

  async run<T>(who: { account: string; owner: string }, kind: TurnKind, work: () => Promise<T>): Promise<T> {
    const name = `${kind} ${who.account}`;
    const lane = this.#lanes.get(name) ?? { active: 0, owners: new Map<string, Owner>() };
    const owner = lane.owners.get(who.owner) ?? { active: 0, waiting: [] };
    this.#lanes.set(name, lane);
    lane.owners.set(who.owner, owner);
    if (this.#fits(lane, owner, kind)) this.#begin(lane, owner);
    else await new Promise<void>((resolve) => owner.waiting.push(resolve));
    try {
      return await work();
    } finally {
      lane.active -= 1;
      owner.active -= 1;
      this.#call(lane, kind);
      if (owner.active === 0 && owner.waiting.length === 0) lane.owners.delete(who.owner);
      if (lane.owners.size === 0) this.#lanes.delete(name);
    }
  }

  #fits({ active }: Lane, owner: Owner, kind: TurnKind): boolean {
    return active < this.limits[kind].account && owner.active < this.limits[kind].owner;
  }

  #begin(lane: Lane, owner: Owner): void {
    lane.active += 1;
    owner.active += 1;
  }

  /** The place goes straight to who waits: nobody can slip in between. */
  #call(lane: Lane, kind: TurnKind): void {
    for (const [name, owner] of lane.owners) {
      const [next] = owner.waiting;
      if (next === undefined || !this.#fits(lane, owner, kind)) continue;
      owner.waiting.shift();
      // To the end of the row.
      lane.owners.delete(name);
      lane.owners.set(name, owner);
      this.#begin(lane, owner);
      next();
      return;
    }
  }
}
