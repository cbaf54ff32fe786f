import { type Clock } from '@lib/kernel';

/** Hears how a turn is getting on while it goes. What it throws ends the turn. */
export type TellTurn = (part: TurnPart) => Promise<void>;

export interface TurnPart {
  /** Keys moved since it was told last. */
  readonly moved: number;
  readonly state: 'more';
  /** The first key of a pass is about to be moved. */
  readonly begins?: true;
}

const TOLD_EVERY_MS = 1_000;

/** A turn may take a minute where the key manager is slow: whoever looks on sees keys arrive before it ends. */
export class TurnTeller {
  #untold = 0;
  #toldAtMs: number;

  constructor(
    private readonly clock: Pick<Clock, 'monotonicMs'>,
    private readonly tell: TellTurn | undefined,
  ) {
    this.#toldAtMs = clock.monotonicMs();
  }

  /** Moved in this turn and not told of. */
  get untold(): number {
    return this.#untold;
  }

  async begins(): Promise<void> {
    await this.tell?.({ moved: 0, state: 'more', begins: true });
  }

  async arrived(): Promise<void> {
    this.#untold += 1;
    const nowMs = this.clock.monotonicMs();
    if (this.tell === undefined || nowMs - this.#toldAtMs < TOLD_EVERY_MS) return;
    const moved = this.#untold;
    // Others arrive while it is told.
    [this.#untold, this.#toldAtMs] = [0, nowMs];
    await this.tell({ moved, state: 'more' });
  }
}
