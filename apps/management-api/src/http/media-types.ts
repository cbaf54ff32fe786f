/** `application/json; charset=utf-8` without parameters, lower case; empty when there is no header. */
export const bareMediaType = (header: string | undefined): string =>
  (header ?? '').split(';')[0]?.trim().toLowerCase() ?? '';

/** Whether `Accept` allows one of the types that can be answered. No header allows everything. */
export function accepts(header: string | undefined, offered: readonly string[]): boolean {
  if (header === undefined || header.trim() === '') return true;
  return header.split(',').some((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    if (parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))) return false;
    return offered.some((offer) => type === '*/*' || type === offer || type === `${offer.split('/')[0] ?? ''}/*`);
  });
}
