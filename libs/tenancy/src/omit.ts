/** A copy without some fields: types here say "absent", so an old optional value must really go. */
export function omit<T extends object, K extends keyof T>(source: T, ...keys: readonly K[]): Omit<T, K> {
  const names = new Set<PropertyKey>(keys);
  return Object.fromEntries(Object.entries(source).filter(([name]) => !names.has(name))) as Omit<T, K>;
}
