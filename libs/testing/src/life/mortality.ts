import { intercepted } from './intercepted';

/** What a call of a process ends with that is no more. */
export class ProcessDied extends Error {
  constructor() {
    super('the process died in this call');
    this.name = 'ProcessDied';
  }
}

/**
 * The life of one process. It can be told to die at any of the calls it makes to its catalog and key managers; from then
 * on nothing that is left of it has an effect, as after `kill -9`.
 */
export class Mortality {
  readonly #wrapped = new WeakMap<object, object>();
  #callsLeft = Number.POSITIVE_INFINITY;
  #afterEffect = false;
  #dead = false;

  get isDead(): boolean {
    return this.#dead;
  }

  /** @param options.afterEffect the last call is carried out, and nobody is left to hear of it */
  dieIn(calls: number, { afterEffect }: { readonly afterEffect: boolean }): void {
    this.#callsLeft = calls;
    this.#afterEffect = afterEffect;
  }

  /** The port as this process sees it; the same one each time, as the product remembers things by it. */
  wrap<T extends object>(port: T): T {
    const known = this.#wrapped.get(port);
    if (known !== undefined) return known as T;
    const wrapped = intercepted(port, (method, call) =>
      method === 'listKeys' ? this.#iterate(() => call() as AsyncIterable<unknown>) : this.#run(call),
    );
    this.#wrapped.set(port, wrapped);
    return wrapped;
  }

  async #run(effect: () => unknown): Promise<unknown> {
    const call = this.#spend();
    if (call === 'none') throw new ProcessDied();
    const answer = await effect();
    if (call === 'last') throw new ProcessDied();
    return answer;
  }

  async *#iterate<T>(effect: () => AsyncIterable<T>): AsyncIterable<T> {
    if (this.#spend() !== 'answered') throw new ProcessDied();
    yield* effect();
  }

  #spend(): 'answered' | 'last' | 'none' {
    if (this.#dead) return 'none';
    this.#callsLeft -= 1;
    if (this.#callsLeft >= 0) return 'answered';
    this.#dead = true;
    return this.#afterEffect ? 'last' : 'none';
  }
}
