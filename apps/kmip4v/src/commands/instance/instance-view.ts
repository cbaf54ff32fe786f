import { type Columns, type Toned } from '../../output/table';
import { word } from '../../output/views';
import { type Instance } from '../../tenant/resources';
import { keyMovesOf, problemsOf } from './problems-view';

const state = ({ state: text, health }: Instance): Toned => ({
  text: health.state === 'attention' ? `${text}, needs attention` : text,
  tone: health.state === 'attention' ? 'bad' : text === 'installed' ? 'good' : 'warning',
});

type Endpoint = Instance['endpoints'][number];

const presentSha256 = ({ server_certificate: shown }: Endpoint): string | undefined => shown?.sha256_fingerprint;
const presentSha1 = ({ server_certificate: shown }: Endpoint): string | undefined => shown?.sha1_fingerprint;
const nextSha256 = ({ next_server_certificate: next }: Endpoint): string | undefined => next?.sha256_fingerprint;

/** The one of all endpoints; where they differ, as while their certificate is renewed, each with its endpoint. */
export function shownAt(endpoints: readonly Endpoint[], of: (endpoint: Endpoint) => string | undefined): string {
  const found = endpoints.map(of);
  if (new Set(found).size === 1) return found[0] ?? '';
  return endpoints
    .flatMap((endpoint, index) => (found[index] ? [`${found[index]} at ${endpoint.name}`] : []))
    .join(', ');
}

export const INSTANCE_COLUMNS: Columns<Instance> = [
  ['name', ({ name }) => name],
  ['id', ({ id }) => id, 'whole'],
  ['region', ({ region }) => region],
  ['state', state],
  ['next step', ({ next_step: { message } }) => message],
];

export const INSTANCE_FIELDS: Columns<Instance> = [
  ...INSTANCE_COLUMNS,
  ['CRN', ({ crn }) => crn],
  ['live keys', ({ live_keys: keys }) => keys],
  ['endpoints', ({ endpoints }) => endpoints.map(({ hostname, port }) => `${hostname}:${port}`).join(', ')],
  ['server fingerprint (SHA-256)', ({ endpoints }) => shownAt(endpoints, presentSha256)],
  ['server fingerprint (SHA-1)', ({ endpoints }) => shownAt(endpoints, presentSha1)],
  ['announced fingerprint (SHA-256)', ({ endpoints }) => shownAt(endpoints, nextSha256)],
  ['health', ({ health: { state: found } }) => word(found)],
  ['problems', ({ health }) => problemsOf(health)],
  ['key moves', keyMovesOf],
  ['warnings', ({ health }) => health.warnings.map(({ message, remedy }) => `${message} ${remedy}`).join(' ')],
  ['credential policy', ({ credential_policy: policy }) => policy],
  ['keys are made by', ({ key_generation: by }) => (by === 'local' ? 'the service' : 'the key manager')],
  ['second person to destroy', ({ second_person_to_destroy: second }) => second],
  ['purges destroyed keys', ({ purge_destroyed_keys: purges }) => purges],
];
