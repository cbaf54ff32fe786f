/** Releases that 8.0.3 knows in the path of VI JSON, oldest first: its own and the older ones. */
export const JSON_RELEASES: readonly string[] = ['8.0.1.0', '8.0.2.0', '8.0.3.0'];

/** SOAP is older: clients of many years ago still talk to it. Which numbers of 7.0 a real 8.0.3 lists is inferred. */
export const SOAP_RELEASES = {
  vim25: ['6.0', '6.5', '6.7', '6.7.1', '6.7.2', '6.7.3', '7.0.0.0', '7.0.1.0', '7.0.2.0', '7.0.3.0', ...JSON_RELEASES],
  /** Numbered as vSphere from 8.0 on [inferred]; its pages say "since 8.0.0.1" of members. */
  vsan: JSON_RELEASES,
} as const satisfies Readonly<Record<string, readonly string[]>>;
