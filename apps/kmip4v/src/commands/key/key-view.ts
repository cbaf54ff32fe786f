import { type Columns, type Toned } from '../../output/table';
import { bad, ownerText, time, word } from '../../output/views';
import { type Key } from '../../tenant/resources';

const state = ({ state: name, suspended }: Key): string | Toned =>
  suspended ? { text: `${name}, suspended`, tone: 'warning' } : word(name);

const served = ({ servable, unservable }: Key): string | Toned =>
  servable ? { text: 'yes', tone: 'good' } : bad(unservable === undefined ? 'no' : `no: ${unservable.code}`);

/** In the key manager, by whoever administers it: of a key that was destroyed here, or whose stored key was deleted there. */
const restorableUntil = ({ recovery, shredded }: Key): string | undefined => {
  if (shredded !== undefined) return shredded.restorable ? time(shredded.restorable_until) : undefined;
  return recovery?.possible === true ? time(recovery.until) : undefined;
};

export const KEY_COLUMNS: Columns<Key> = [
  ['id', ({ id }) => id, 'whole'],
  ['belongs to', ({ owner }) => ownerText(owner)],
  ['name', ({ name }) => name],
  ['state', state],
  ['served', served],
  ['created', ({ created_at: at }) => time(at)],
  ['last fetched', ({ last_fetched: fetched }) => time(fetched?.at)],
];

export const KEY_FIELDS: Columns<Key> = [
  ...KEY_COLUMNS,
  ['why not', ({ unservable }) => unservable && `${unservable.message} ${unservable.remedy}`],
  [
    'last fetched by',
    ({ last_fetched: fetched }) => fetched?.certificate?.name ?? fetched?.certificate?.sha256_fingerprint,
  ],
  ['last fetched from', ({ last_fetched: fetched }) => fetched?.address],
  ['created by', ({ created_by: { name, sha256_fingerprint: fingerprint } }) => name ?? fingerprint],
  ['algorithm', ({ algorithm, length }) => `${algorithm} ${length}`],
  ['activated', ({ activated_at: at }) => time(at)],
  ['deactivated', ({ deactivated_at: at }) => time(at)],
  ['compromised', ({ compromised_at: at }) => time(at)],
  ['destroyed', ({ destroyed_at: at }) => time(at)],
  ['shredded', ({ shredded }) => time(shredded?.since)],
  ['restorable until', restorableUntil],
  ['stored key', ({ custody }) => custody?.stored_key_id],
  ['root key', ({ custody }) => custody && `${custody.root_key_id}, version ${custody.root_key_version}`],
  ['attributes', ({ attributes }) => attributes.map(({ name, value }) => `${name}=${value}`).join(', ')],
];
