import { usageFault } from '../command-line/faults';

/** A token that is sent without TLS is anybody's, on this machine excepted. */
export function addressIn(text: string): string {
  if (!URL.canParse(text)) throw usageFault(`${text} is no URL`, 'e.g. https://us-south.kmip.cloud.example.com');
  const { protocol, hostname, origin, username } = new URL(text);
  if (username !== '') throw usageFault('a URL with a user in it is not taken');
  const isHere = ['127.0.0.1', '[::1]', 'localhost'].includes(hostname);
  if (protocol !== 'https:' && !(protocol === 'http:' && isHere)) throw usageFault(`${origin} is not https`);
  return text.replace(/\/+$/, '');
}
