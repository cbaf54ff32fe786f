import { argument, command, value } from '../../command-line/command';
import { usageFault } from '../../command-line/faults';
import { shown } from '../../output/answer';
import { answerOf, present } from '../../tenant/asking';
import { INVENTORY_FIELDS } from './reclaim-view';

export const reclaimUpload = command({
  name: 'upload',
  about: 'Say which keys are in use, as found in all vCenters that use the instance',
  details: [
    'The file is JSON as the API takes it ({"taken_at", "source", "key_ids"}), or text with one key identifier a line.',
    '`kmip4v vcenter inventory` makes and uploads one by itself.',
  ].join('\n'),
  arguments: { file: argument('the inventory; - reads standard input') },
  options: {
    takenAt: value('TIME', 'when it was taken, e.g. 2026-11-23T10:05:00Z; needed for a file of lines'),
    source: value('TEXT', 'where it is from; needed for a file of lines'),
  },
  async run({ file, takenAt, source }, context) {
    const text = String(await context.read(file));
    const body = { ...inventoryIn(text), ...present({ taken_at: takenAt, source }) };
    if (body.taken_at === undefined)
      throw usageFault('--taken-at is missing: an inventory counts from when it was taken');
    if (body.source === undefined) throw usageFault('--source is missing: say which vCenters were looked at');
    const complete = { taken_at: body.taken_at, source: body.source, key_ids: body.key_ids };
    const { api, instance } = await context.tenant();
    const params = { path: { instance_id: instance } };
    const call = api.PUT('/v1/instances/{instance_id}/inventory', { params, body: complete });
    return shown(await answerOf(call), INVENTORY_FIELDS);
  },
});

interface ReadInventory {
  readonly taken_at?: string;
  readonly source?: string;
  readonly key_ids: string[];
}

function inventoryIn(text: string): ReadInventory {
  if (!text.trimStart().startsWith('{')) {
    return { key_ids: text.split(/\r?\n/).flatMap((line) => (line.trim() === '' ? [] : [line.trim()])) };
  }
  let read: Partial<ReadInventory>;
  try {
    read = JSON.parse(text) as Partial<ReadInventory>;
  } catch {
    throw usageFault('the file is no JSON');
  }
  if (!Array.isArray(read.key_ids)) throw usageFault('the file has no key_ids');
  return { ...read, key_ids: read.key_ids };
}
