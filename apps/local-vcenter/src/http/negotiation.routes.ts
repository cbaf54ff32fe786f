import { type FastifyInstance } from 'fastify';

import { JSON_RELEASES, SOAP_RELEASES } from './releases';
import { parseBody } from './server';

const LONGEST_LIST = 128;
const LONGEST_RELEASE = 64;

/** What can be asked before a login: which releases there are. */
export function registerNegotiation(app: FastifyInstance): void {
  app.get('/sdk/vimServiceVersions.xml', (_request, reply) => reply.type('text/xml').send(versionsOf('vim25')));
  app.get('/sdk/vsanServiceVersions.xml', (_request, reply) => reply.type('text/xml').send(versionsOf('vsan')));

  app.post<{ Querystring: { action?: string } }>('/api/vcenter/system', (request, reply) => {
    if (request.query.action !== 'hello') return reply.code(404).send();
    const asked = releasesIn(request.body);
    if (asked === undefined) return reply.code(400).type('application/json').send(INVALID);
    return { api_release: asked.find((release) => JSON_RELEASES.includes(release)) ?? '' };
  });
}

function versionsOf(namespace: keyof typeof SOAP_RELEASES): string {
  const [newest, ...prior] = SOAP_RELEASES[namespace].toReversed();
  const priors = prior.map((release) => `<version>${release}</version>`).join('');
  return (
    `<?xml version="1.0" encoding="UTF-8" ?><namespaces version="1.0"><namespace><name>urn:${namespace}</name>` +
    `<version>${newest ?? ''}</version><priorVersions>${priors}</priorVersions></namespace></namespaces>`
  );
}

/** The envelope of vSphere Automation; which messages stand in it is not established [inferred]. */
const INVALID = JSON.stringify({ error_type: 'INVALID_ARGUMENT', messages: [] });

/** @returns undefined for what is answered 400: no list, an empty or too long one, too long an entry */
function releasesIn(body: unknown): readonly string[] | undefined {
  let parsed: unknown;
  try {
    parsed = parseBody(body);
  } catch {
    return undefined;
  }
  const releases = (parsed as { api_releases?: unknown } | null | undefined)?.api_releases;
  if (!Array.isArray(releases) || releases.length === 0 || releases.length > LONGEST_LIST) return undefined;
  const isRelease = (one: unknown): one is string => typeof one === 'string' && one.length <= LONGEST_RELEASE;
  return releases.every(isRelease) ? releases : undefined;
}
