import { z } from 'zod';

import { command, flag, list } from '../../command-line/command';
import { type Context } from '../../command-line/context';
import { usageFault } from '../../command-line/faults';
import { type Answer, listed, together, told } from '../../output/answer';
import { type Columns } from '../../output/table';
import { type Inventory, type KeyInUse, type KeyReference, type Unexamined } from '../../vcenter/inventory/inventory';
import { uploadInventories } from '../../vcenter/inventory/upload';
import { atVCenter, commandFault, knownVCenter, VCENTER_OPTIONS } from '../../vcenter/open-vcenter';
import { demandPrivileges } from '../../vcenter/privileges';
import { fingerprintsOf } from '../certificate/find-certificate';
import { LOOK_OPTIONS, lookAt } from './look-at';
import { serviceOf } from './service-of';
import { counted } from '../../output/counted';

export const REFERENCE_COLUMNS: Columns<KeyReference> = [
  ['kind', ({ kind }) => kind.replaceAll('_', ' ')],
  ['name', ({ name }) => name],
  ['part', ({ detail }) => detail],
  ['key', ({ keyId }) => keyId, 'whole'],
  ['key provider', ({ provider }) => provider],
];
const KEY_COLUMNS: Columns<KeyInUse> = [
  ['key that cannot be had', ({ keyId }) => keyId, 'whole'],
  ['key provider', ({ provider }) => provider],
  ['reason', ({ reason }) => reason],
  ['needed by', ({ users }) => users.join(', ')],
];
export const UNEXAMINED_COLUMNS: Columns<Unexamined> = [
  ['not looked at', ({ what }) => what],
  ['why', ({ why }) => why],
];
/** Of another vCenter, as an upload reads it. */
const readInventoryFile = z.looseObject({
  takenAt: z.iso.datetime(),
  vcenter: z.looseObject({ name: z.string() }),
  references: z.array(z.looseObject({ keyId: z.string() })),
  unexamined: z.array(z.looseObject({ what: z.string() })),
  clientCertificates: z.record(z.string(), z.string()),
  changingCertificates: z.array(z.string()).optional(),
});

const EXAMINED: readonly (readonly [keyof Inventory['examined'], string])[] = [
  ['machines', 'VM'],
  ['snapshots', 'snapshot'],
  ['hosts', 'host'],
  ['clusters', 'cluster'],
  ['vsanClusters', 'vSAN cluster'],
  ['firstClassDisks', 'first-class disk'],
];

export const vcenterInventory = command({
  name: 'inventory',
  about: 'List everything in a vCenter that needs a key, and tell the service',
  details: [
    'Homes of VMs, disks with the links of their chains, templates, snapshots, first-class disks, hosts, cluster policies, vSAN.',
    'With --upload the service is told which keys are in use. It is told nothing while something could not be looked at, and',
    'refuses it while another client of the instance is not covered: keys that nobody is known to need may be proposed for',
    'destruction.',
  ].join('\n'),
  options: {
    ...VCENTER_OPTIONS,
    ...LOOK_OPTIONS,
    upload: flag('tell the service which keys are in use'),
    with: list('FILE', 'inventory of another vCenter (--output json), to upload with this one'),
    withoutCertificate: list('CERTIFICATE', 'whose client is known to need no key: name, identifier or SHA-256'),
  },
  async run(given, context) {
    const { out } = context;
    const inventory = await atVCenter(given, context, async (session) => {
      await demandPrivileges(session, 'listing what needs a key');
      const found = await lookAt(session, given, context);
      const changing = await (await knownVCenter(given, context)).leaving();
      return { ...found, changingCertificates: changing.map(({ sha256 }) => sha256) };
    });
    if (!given.upload) return answerOf(inventory);
    const others = await Promise.all(given.with.map((file) => readInventory(file, context)));
    try {
      const [service, withoutCertificates] = [
        await serviceOf(context),
        await excepted(given.withoutCertificate, context),
      ];
      const { keyCount } = await uploadInventories([inventory, ...others], { service, withoutCertificates });
      out.note(`The service was told of ${counted(keyCount, 'key')} in use.`);
    } catch (error) {
      await out.answer(answerOf(inventory));
      throw commandFault(error) ?? error;
    }
    return answerOf(inventory);
  },
});

async function excepted(named: readonly string[], context: Context): Promise<readonly string[]> {
  const { api, instance } = await context.tenant();
  return fingerprintsOf(api, instance, named);
}

async function readInventory(file: string, { read }: Context): Promise<Inventory> {
  const text = (await read(file)).toString('utf8');
  try {
    // A parse edge: what an upload reads of it is checked.
    return readInventoryFile.parse(JSON.parse(text)) as unknown as Inventory;
  } catch {
    // Said below, as for JSON that is something else.
  }
  throw usageFault(`${file} is no inventory`, 'of `kmip4v vcenter inventory --output json`');
}

function answerOf(inventory: Inventory): Answer {
  const { references, keys, unexamined, examined } = inventory;
  const missing = keys.filter(({ available }) => available === false);
  const counts = EXAMINED.map(([what, name]) => counted(examined[what], name));
  return together(inventory, [
    ['', listed(references, REFERENCE_COLUMNS, 'Nothing needs a key.')],
    ...(missing.length > 0 ? [['', listed(missing, KEY_COLUMNS, '')] as const] : []),
    ...(unexamined.length > 0 ? [['', listed(unexamined, UNEXAMINED_COLUMNS, '')] as const] : []),
    [
      '',
      told(`${counted(keys.length, 'key')} in ${counted(references.length, 'place')}; looked at ${counts.join(', ')}.`),
    ],
  ]);
}
