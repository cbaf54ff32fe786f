/** What is run in the place of a call of a port. `method` is the method's name, `moves.…` for those of a port within it. */
export type Interception = (method: string, call: () => unknown) => unknown;

/** The port with each call led through `run`. */
export function intercepted<T extends object>(port: T, run: Interception, prefix = ''): T {
  const inner = new Map<unknown, object>();
  return new Proxy(port, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value === 'function') {
        return (...args: unknown[]): unknown =>
          run(prefix + String(name), () => Reflect.apply(value, target, args) as unknown);
      }
      if (typeof value !== 'object' || value === null) return value;
      // The same one each time: the product remembers things by it.
      const known = inner.get(value) ?? intercepted(value, run, `${String(name)}.`);
      inner.set(value, known);
      return known;
    },
  });
}
