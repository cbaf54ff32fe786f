/** A copy of a row that lacks the named members altogether, as `undefined` members are not allowed in rows. */
export function without<T extends object, K extends keyof T>(row: T, ...members: readonly K[]): Omit<T, K> {
  const copy = { ...row };
  for (const member of members) Reflect.deleteProperty(copy, member);
  return copy;
}
