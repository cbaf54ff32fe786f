import { isIP } from 'node:net';

import { isPublicAddress } from './public-address';

const MAXIMUM_LENGTH = 1_024;
const HTTPS_PORT = 443;
const LOWEST_PORT = 1_024;
/** Names that no public resolver answers for (RFC 6761, RFC 6762, RFC 8375), or that stand for the machine itself. */
const CLOSED_NAMES = /(^|\.)(localhost|local|internal|intranet|lan|home\.arpa|invalid|test|example|onion)$/;

/** @returns why an address cannot be a webhook's, or the address as it is used */
export function parseWebhookUrl(text: string): URL | string {
  if (text.length > MAXIMUM_LENGTH || !URL.canParse(text)) return 'it is no address';
  const url = new URL(text);
  return faultOfForm(url) ?? faultOfHost(url.hostname) ?? url;
}

function faultOfForm(url: URL): string | undefined {
  if (url.protocol !== 'https:') return 'it must begin with https://';
  if (url.username !== '' || url.password !== '') return 'it must hold no user name and no password';
  if (url.hash !== '') return 'it must hold no fragment';
  const port = url.port === '' ? HTTPS_PORT : Number(url.port);
  return port === HTTPS_PORT || port >= LOWEST_PORT ? undefined : 'its port must be 443, or 1024 or higher';
}

/** Whatever form an IPv4 address was given in (2130706433, 0x7f.1), as a host of a URL it has four parts. */
function faultOfHost(hostname: string): string | undefined {
  const host = hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  if (isIP(host) !== 0) return isPublicAddress(host) ? undefined : 'its address is none of the internet';
  return host.includes('.') && !CLOSED_NAMES.test(host) ? undefined : 'its name is none of the internet';
}
