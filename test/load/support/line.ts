import { type Peers } from './peers';

/** What a row of the table promises. */
export interface Goal {
  readonly bound: 'at least' | 'at most';
  readonly value: number;
  /** Of the value, which is a ratio where a line has a peer. */
  readonly unit: 'times' | 'bare messages' | 'ms' | 's' | 'cores' | 'bytes';
}

/** One measurement and, taken right beside it so that other work on the machine strikes both, what it is compared with. */
export interface Pair {
  readonly ours: number;
  /** Absent where the goal is a figure, and no ratio. */
  readonly peer?: number;
  /** Parts of ours that are worth knowing. */
  readonly ofWhich?: Readonly<Record<string, number>>;
}

/** One line of the table. */
export interface Line {
  readonly name: string;
  readonly what: string;
  readonly goal: Goal;
  /** Of both figures of a pair. */
  readonly unit: string;
  measure(peers: Peers, round: number): Promise<Pair>;
}

/** Who begins changes with each round: what a machine does more slowly after work would always strike the same one. */
export async function inTurn(
  round: number,
  measureOurs: () => Promise<number>,
  measurePeer: () => Promise<number>,
): Promise<Pair> {
  if (round % 2 === 0) {
    const ours = await measureOurs();
    return { ours, peer: await measurePeer() };
  }
  const peer = await measurePeer();
  return { ours: await measureOurs(), peer };
}

/** What the goal is about: a ratio, or the figure itself where there is no peer. */
export const valueOf = ({ ours, peer }: Pair): number => (peer === undefined ? ours : ours / peer);

export const reaches = (value: number, { bound, value: goal }: Goal): boolean =>
  bound === 'at least' ? value >= goal : value <= goal;
