import { type Columns, type Toned } from '../../output/table';
import { word } from '../../output/views';
import { type Instance } from '../../tenant/resources';
import { problemsOf } from './problems-view';

const state = ({ state: text, health }: Instance): Toned => ({
  text: health.state === 'attention' ? `${text}, needs attention` : text,
  tone: health.state === 'attention' ? 'bad' : text === 'installed' ? 'good' : 'warning',
});

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
  ['server fingerprint (SHA-256)', ({ endpoints: [endpoint] }) => endpoint?.server_certificate?.sha256_fingerprint],
  ['server fingerprint (SHA-1)', ({ endpoints: [endpoint] }) => endpoint?.server_certificate?.sha1_fingerprint],
  ['health', ({ health: { state: found } }) => word(found)],
  ['problems', ({ health }) => problemsOf(health)],
  ['warnings', ({ health }) => health.warnings.map(({ message, remedy }) => `${message} ${remedy}`).join(' ')],
  ['credential policy', ({ credential_policy: policy }) => policy],
  ['keys are made by', ({ key_generation: by }) => (by === 'local' ? 'the service' : 'the key manager')],
  ['second person to destroy', ({ second_person_to_destroy: second }) => second],
  ['purges destroyed keys', ({ purge_destroyed_keys: purges }) => purges],
];
