/** Header of the session token; any answer may bring a new one. */
export const SESSION_HEADER = 'vmware-api-session-id';

/**
 * Releases whose schema this library speaks, the newest first. A newer one than the server knows is an HTTP 500. Of 9.0
 * it reads what kind of keys a provider makes, and vSAN; everything else is what 8.0 has.
 */
export const RELEASES = ['9.0.0.0', '8.0.3.0', '8.0.2.0', '8.0.1.0'] as const;
export type Release = (typeof RELEASES)[number];

/** The first that has the JSON API; it has no hello. */
export const FIRST_RELEASE: Release = '8.0.1.0';

/** `POST /api/vcenter/system?action=hello`, without a session; since 8.0.2.0. "" where none fits. */
export const HELLO_PATH = '/api/vcenter/system?action=hello';
export interface HelloRequest {
  readonly api_releases: readonly string[];
}
export interface HelloResponse {
  readonly api_release: string;
}

/** Answers without a session on 7.0 and ESXi too: `<namespaces><namespace><name>urn:vim25</name><version>…`. */
export const VERSIONS_PATH = '/sdk/vimServiceVersions.xml';
