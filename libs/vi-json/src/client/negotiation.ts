import { FIRST_RELEASE, HELLO_PATH, type HelloResponse, RELEASES, VERSIONS_PATH } from '../types/negotiation';
import type { ServiceContent } from '../types/service';
import type { ViResponse, ViTransport } from './transport';
import { checked, CONTENT, HELLO, isTooDeep } from './shapes';
import { ViConnectionError } from './vi-connection.error';

export interface Negotiated {
  readonly release: string;
  readonly content: ServiceContent;
}

/**
 * Finds the newest release that both sides speak, and the first content under it. 8.0.2 and later answer `hello`;
 * 8.0.1 has no hello, and a release that the server does not know is an HTTP 500 whose body is not established, so
 * what is left is tried from the newest on.
 * @throws ViConnectionError no_json_api for 7.0 and hosts, not_a_vcenter, release_unknown, and those of the transport
 */
export async function negotiate(transport: ViTransport, signal: AbortSignal): Promise<Negotiated> {
  for (const release of await hello(transport, signal)) {
    const content = await firstContent(transport, release, signal);
    if (content !== undefined) return { release, content: vCenterOnly(content) };
  }
  throw await noApi(transport, signal);
}

/** @returns the release that was agreed on, or those to try */
async function hello(transport: ViTransport, signal: AbortSignal): Promise<readonly string[]> {
  const answer = await transport.exchange({
    method: 'POST',
    path: HELLO_PATH,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ api_releases: RELEASES }),
    signal,
  });
  if ([502, 503, 504].includes(answer.status)) {
    throw new ViConnectionError(
      'proxy_answer',
      `vCenter's services are not ready: HTTP ${answer.status}. Try again later.`,
    );
  }
  if (answer.status === 404) return [FIRST_RELEASE];
  if (answer.status !== 200 || !isJson(answer)) return RELEASES;
  const { api_release: release } = checked(parsed(answer.body, 'hello'), HELLO, 'hello') as HelloResponse;
  // None but what was offered: the path of every call begins with it.
  const known = RELEASES.find((each) => each === release);
  if (known !== undefined) return [known];
  throw new ViConnectionError(
    'release_unknown',
    `This vCenter speaks none of the releases ${RELEASES.join(', ')} of its JSON API. Update kmip4v.`,
  );
}

async function firstContent(
  transport: ViTransport,
  release: string,
  signal: AbortSignal,
): Promise<ServiceContent | undefined> {
  const path = `/sdk/vim25/${release}/ServiceInstance/ServiceInstance/content`;
  const answer = await transport.exchange({ method: 'GET', path, headers: {}, signal });
  if (answer.status !== 200 || !isJson(answer)) return undefined;
  return checked(parsed(answer.body, 'content'), CONTENT, 'ServiceInstance.content') as ServiceContent;
}

function vCenterOnly(content: ServiceContent): ServiceContent {
  const { apiType, fullName } = content.about;
  if (apiType === 'VirtualCenter' && content.cryptoManager?.type === 'CryptoManagerKmip') return content;
  throw new ViConnectionError(
    'not_a_vcenter',
    `${fullName} is no vCenter (${apiType}); give the address of the vCenter that manages the hosts.`,
  );
}

/** 7.0 and ESXi know the old probe, and nothing else of this. */
async function noApi(transport: ViTransport, signal: AbortSignal): Promise<ViConnectionError> {
  const answer = await transport.exchange({ method: 'GET', path: VERSIONS_PATH, headers: {}, signal });
  const version = /<name>urn:vim25<\/name>\s*<version>([0-9.]+)<\/version>/.exec(answer.body)?.[1];
  if (answer.status !== 200 || version === undefined) {
    return new ViConnectionError('not_a_vcenter', 'At this address is no vSphere API.');
  }
  return new ViConnectionError(
    'no_json_api',
    `This server speaks version ${version} of the vSphere API, which has no JSON API: vCenter offers it from 8.0.1 on. ` +
      'Update vCenter, or take the same steps with PowerCLI.',
  );
}

/** @throws ViConnectionError malformed */
export function parsed(body: string, call: string): unknown {
  try {
    if (!isTooDeep(body)) return JSON.parse(body);
  } catch (cause) {
    throw new ViConnectionError('malformed', `vCenter answered ${call} with what is no JSON.`, { cause });
  }
  throw new ViConnectionError('malformed', `vCenter answered ${call} with JSON that is nested too deeply.`);
}

export function isJson(answer: ViResponse): boolean {
  return /^application\/json\b/i.test(answer.headers['content-type'] ?? '') && answer.body !== '';
}
