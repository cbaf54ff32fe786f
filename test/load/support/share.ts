/** Part of what one operation costs. */
export interface Share {
  readonly what: string;
  readonly each: number;
  /** µs in PostgreSQL. */
  readonly microseconds?: number;
}

/** Most first; what happens less than once in a thousand operations is somebody else's. */
export function shares(counts: ReadonlyMap<string, number>, operations: number): readonly Share[] {
  return [...counts]
    .map(([what, count]) => ({ what, each: count / operations }))
    .filter(({ each }) => each >= 0.001)
    .sort((a, b) => b.each - a.each);
}
