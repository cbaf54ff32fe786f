import { argument, command, list, value } from '../../command-line/command';
import { usageFault } from '../../command-line/faults';
import { shown } from '../../output/answer';
import { answerOf, present } from '../../tenant/asking';
import { fingerprintsOf } from '../certificate/find-certificate';
import { INVENTORY_FIELDS } from './reclaim-view';

export const reclaimUpload = command({
  name: 'upload',
  about: 'Say which keys are in use, as found in all vCenters that use the instance',
  details: [
    'The file is JSON as the API takes it ({"taken_at", "source", "key_ids", "covered_certificates",',
    '"certificates_without_keys"}), or text with one key identifier a line. Every client certificate of the instance has to be',
    'covered, or stated to need no key; with --covers and --without-certificate beside what the file says.',
    '`kmip4v vcenter inventory` makes and uploads one by itself.',
  ].join('\n'),
  arguments: { file: argument('the inventory; - reads standard input') },
  options: {
    takenAt: value('TIME', 'when it was taken, e.g. 2026-11-23T10:05:00Z; needed for a file of lines'),
    source: value('TEXT', 'where it is from; needed for a file of lines'),
    covers: list('CERTIFICATE', 'client certificate of a vCenter that was looked at: name, identifier or SHA-256'),
    withoutCertificate: list('CERTIFICATE', 'whose client is known to need no key: name, identifier or SHA-256'),
  },
  async run({ file, takenAt, source, covers, withoutCertificate }, context) {
    const text = String(await context.read(file));
    const body = { ...inventoryIn(text), ...present({ taken_at: takenAt, source }) };
    if (body.taken_at === undefined)
      throw usageFault('--taken-at is missing: an inventory counts from when it was taken');
    if (body.source === undefined) throw usageFault('--source is missing: say which vCenters were looked at');
    const { api, instance } = await context.tenant();
    const complete = {
      taken_at: body.taken_at,
      source: body.source,
      key_ids: body.key_ids,
      covered_certificates: [...body.covered, ...(await fingerprintsOf(api, instance, covers))],
      certificates_without_keys: [...body.withoutKeys, ...(await fingerprintsOf(api, instance, withoutCertificate))],
    };
    const params = { path: { instance_id: instance } };
    const call = api.PUT('/v1/instances/{instance_id}/inventory', { params, body: complete });
    return shown(await answerOf(call), INVENTORY_FIELDS);
  },
});

interface ReadInventory {
  readonly taken_at?: string;
  readonly source?: string;
  readonly key_ids: string[];
  readonly covered: string[];
  readonly withoutKeys: string[];
}

function inventoryIn(text: string): ReadInventory {
  if (!text.trimStart().startsWith('{')) {
    const lines = text.split(/\r?\n/).map((line) => line.trim());
    return { key_ids: lines.filter((line) => line !== ''), covered: [], withoutKeys: [] };
  }
  let read: Readonly<Record<string, unknown>>;
  try {
    read = JSON.parse(text) as typeof read;
  } catch {
    throw usageFault('the file is no JSON');
  }
  if (read['key_ids'] === undefined) throw usageFault('the file has no key_ids');
  return {
    ...present({ taken_at: textIn(read, 'taken_at'), source: textIn(read, 'source') }),
    key_ids: textsIn(read, 'key_ids'),
    covered: textsIn(read, 'covered_certificates'),
    withoutKeys: textsIn(read, 'certificates_without_keys'),
  };
}

function textIn(read: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const found = read[name];
  if (found === undefined || typeof found === 'string') return found;
  throw usageFault(`${name} in the file is no text`);
}

function textsIn(read: Readonly<Record<string, unknown>>, name: string): string[] {
  const { [name]: found = [] } = read;
  if (Array.isArray(found) && found.every((each) => typeof each === 'string')) return found;
  throw usageFault(`${name} in the file is no list of texts`);
}
