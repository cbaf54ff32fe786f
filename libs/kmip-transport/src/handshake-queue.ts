/** A handshake that waits for its client gives its turn away after this time, and goes on. */
const TURN_MS = 500;
/**
 * Handshakes begun in one turn of the event loop. Their signatures are computed at once when they begin, and a request
 * under way needs several turns: with dozens of handshakes in each it would take many times as long.
 */
const BEGUN_PER_LOOP = 2;

/** A handshake's place in the queue. Ended when it is over, or its connection is gone; twice does nothing. */
export interface HandshakeTurn {
  end(): void;
}

/**
 * Handshakes take turns, since each costs milliseconds of the only thread: of a thousand hosts that connect at once the
 * first are served while the last wait, instead of all of them timing out together. Groups (client addresses) are
 * called one after the other, so that a crowd behind one address delays its own.
 */
export class HandshakeQueue {
  readonly #lanes = new Map<string, Set<() => void>>();
  #active = 0;
  /** In this turn of the event loop. */
  #begun = 0;

  constructor(
    private readonly maximumAtOnce: number,
    private readonly begunPerLoop = BEGUN_PER_LOOP,
  ) {}

  /** Calls `begin` now or when its turn has come. */
  enter(group: string, begin: () => void): HandshakeTurn {
    let state: 'waiting' | 'active' | 'over' = 'waiting';
    let timer: NodeJS.Timeout | undefined;
    const end = (): void => {
      clearTimeout(timer);
      const was = state;
      state = 'over';
      if (was === 'waiting') this.#forget(group, start);
      if (was === 'active') this.#release();
    };
    const start = (): void => {
      state = 'active';
      this.#active += 1;
      timer = setTimeout(end, TURN_MS);
      timer.unref();
      begin();
    };
    const lane = this.#lanes.get(group) ?? new Set();
    this.#lanes.set(group, lane.add(start));
    this.#call();
    return { end };
  }

  #release(): void {
    this.#active -= 1;
    this.#call();
  }

  #call(): void {
    while (this.#active < this.maximumAtOnce && this.#begun < this.begunPerLoop) {
      const [next] = this.#lanes;
      if (next === undefined) return;
      const [group, lane] = next;
      const [start] = lane;
      this.#lanes.delete(group);
      if (start === undefined) continue;
      lane.delete(start);
      // To the end of the row, behind the other groups.
      if (lane.size > 0) this.#lanes.set(group, lane);
      this.#countBegun();
      start();
    }
  }

  #countBegun(): void {
    this.#begun += 1;
    if (this.#begun > 1) return;
    setImmediate(() => {
      this.#begun = 0;
      this.#call();
    });
  }

  #forget(group: string, start: () => void): void {
    const lane = this.#lanes.get(group);
    lane?.delete(start);
    if (lane?.size === 0) this.#lanes.delete(group);
  }
}
