import { colonForm } from './certificates';
import { type ServedEndpoint } from './kmip-service';

/**
 * What the operator announces: vCenter needs nothing before an endpoint presents it, and then has to trust it. It is not
 * trusted ahead: that a key provider keeps several certificates is not documented, and one that kept the last alone would
 * lose every endpoint at once.
 */
export function announcedRemarks(endpoints: readonly ServedEndpoint[]): readonly string[] {
  const places = new Map<string, readonly string[]>();
  for (const { name, next } of endpoints) {
    if (next === undefined) continue;
    const which = `SHA-256 ${colonForm(next.sha256)}, valid until ${next.expiresAt.slice(0, 10)}`;
    places.set(which, [...(places.get(which) ?? []), name]);
  }
  return [...places].map(
    ([which, names]) =>
      `The service announces another certificate for ${names.join(' and ')}: ${which}. vCenter needs nothing yet. ` +
      'When an endpoint presents it: kmip4v vcenter renew, which compares it and has vCenter trust it.',
  );
}
