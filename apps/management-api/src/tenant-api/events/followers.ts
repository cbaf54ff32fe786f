import { ApiError } from '../../http/api-error';

/** Of this process, of one caller, and of one caller on one instance. */
const [MAXIMUM, OF_CALLER, OF_CALLER_ON_INSTANCE] = [500, 20, 5];
const AGAIN_S = 30;

/** Who follows what in this process. Each of them holds a connection. */
export class Followers {
  readonly #counts = new Map<string, number>();
  readonly #ends = new Set<() => void>();
  #isOver = false;

  /**
   * @param end ends a stream, when the process does
   * @returns to be called when it has ended
   * @throws ApiError 429, and 503 from when the process ends
   */
  enter(caller: string, instanceId: string, end: () => void): () => void {
    if (this.#isOver) throw ApiError.of(503, 'service_unavailable', 'This process ends; come back at once.');
    const keys = [caller, `${caller} ${instanceId}`] as const;
    const [ofCaller = 0, here = 0] = keys.map((key) => this.#counts.get(key));
    if (this.#ends.size >= MAXIMUM || ofCaller >= OF_CALLER || here >= OF_CALLER_ON_INSTANCE) throw tooMany();
    for (const key of keys) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    this.#ends.add(end);
    return () => {
      if (!this.#ends.delete(end)) return;
      for (const key of keys) {
        const left = (this.#counts.get(key) ?? 1) - 1;
        if (left > 0) this.#counts.set(key, left);
        else this.#counts.delete(key);
      }
    };
  }

  get size(): number {
    return this.#ends.size;
  }

  endAll(): void {
    this.#isOver = true;
    for (const end of [...this.#ends]) end();
  }
}

const tooMany = (): ApiError =>
  new ApiError(
    429,
    [{ code: 'too_many_requests', message: 'So many event streams are open that there is none for you: close some.' }],
    { 'retry-after': String(AGAIN_S) },
  );
