/** Header of the session token; any answer may bring a new one. */
export const SESSION_HEADER = 'vmware-api-session-id';

/** Releases whose schema this library speaks, the newest first. A newer one than the server knows is an HTTP 500. */
export const RELEASES = ['8.0.3.0', '8.0.2.0', '8.0.1.0'] as const;
export type Release = (typeof RELEASES)[number];

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
