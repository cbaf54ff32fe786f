import { type Secret } from '@lib/kernel';

interface Flight {
  readonly landed: Promise<Secret>;
  waiting: number;
}

/**
 * Identical unwraps that are wanted at the same moment share one call (after a power cut all hosts of a vSAN cluster
 * ask for the same key at once). Nothing outlives the call: a Get that comes later asks the key manager again.
 */
export class SingleFlight {
  readonly #flights = new Map<string, Flight>();

  /** Resolves to a copy the caller owns and wipes. */
  async run(key: string, work: () => Promise<Secret>): Promise<Secret> {
    const flight = this.#flights.get(key) ?? this.#start(key, work);
    flight.waiting += 1;
    try {
      return (await flight.landed).clone();
    } finally {
      flight.waiting -= 1;
      // The flight left the map before it landed, so nobody can join once the last copy is made.
      if (flight.waiting === 0) void flight.landed.then((secret) => secret.wipe()).catch(() => undefined);
    }
  }

  #start(key: string, work: () => Promise<Secret>): Flight {
    const landed = Promise.resolve()
      .then(work)
      .finally(() => this.#flights.delete(key));
    const flight = { landed, waiting: 0 };
    this.#flights.set(key, flight);
    return flight;
  }
}
