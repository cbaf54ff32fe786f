/** Every connection may hold this much without asking: VMware's requests are below 1 KiB. */
const SMALL_BYTES = 65_536;

/**
 * Memory for large requests, shared by all connections: a few tenants that fill many connections with requests of the
 * greatest length must not use up the process. Small requests always fit, so that others are served meanwhile.
 */
export class LargeRequests {
  #held = 0;

  constructor(private readonly maximumBytes: number) {}

  /** For one connection. */
  account(): LargeRequestAccount {
    let counted = 0;
    return {
      hold: (bytes) => {
        const wanted = bytes <= SMALL_BYTES ? 0 : bytes;
        const fits = wanted <= counted || this.#held - counted + wanted <= this.maximumBytes;
        if (fits) {
          this.#held += wanted - counted;
          counted = wanted;
        }
        return fits;
      },
    };
  }
}

export interface LargeRequestAccount {
  /** Says how much the connection holds now; 0 at its end. @returns false when there is no room for it */
  hold(bytes: number): boolean;
}
