import { KeyProviders, type KmipClusterInfo, type ViSession } from '@lib/vi-json';

import { choice, flag, list, value } from '../../command-line/command';
import { type Context } from '../../command-line/context';
import { EXIT } from '../../command-line/exit-codes';
import { CommandFault } from '../../command-line/faults';
import { counted } from '../../output/counted';
import { demandStandardProvider } from '../../vcenter/connect/connect';
import { serverAt } from '../../vcenter/connect/connect-world';
import { type Inventory, type Unexamined } from '../../vcenter/inventory/inventory';
import { type KmipService } from '../../vcenter/kmip-service';
import { Refusal } from '../../vcenter/refusal';
import { Acts } from '../../vcenter/rekey/acts';
import { type Asked, type Journal, type RekeyMode } from '../../vcenter/rekey/journal';
import { MadeKeys } from '../../vcenter/rekey/made-keys';
import { journalPath, openJournal } from '../../vcenter/rekey/open-journal';
import { runRekey, type TargetReport } from '../../vcenter/rekey/run';
import { type Chosen, chooseTargets } from '../../vcenter/rekey/targets';
import { interruptible } from './interruptible';
import { wholeNumber } from './numbers';
import { serviceOf } from './service-of';

/** Of the commands that give objects new keys. */
export const REKEY_OPTIONS = {
  mode: choice(
    ['shallow', 'deep'],
    'shallow: the keys of disks are wrapped anew; deep: all data is (default: shallow)',
  ),
  only: list('NAME', 'VM, host or disk, by name or identifier; all where none is named'),
  except: list('NAME', 'VM, host or disk to leave out, by name or identifier'),
  wave: value('COUNT', 'how many objects at a time (default: 10)'),
  limit: value('COUNT', 'how many objects in this run at most'),
  policy: value('ID', 'identifier of the encryption storage policy, for deep re-keys and first-class disks'),
  journal: value('FILE', 'where the progress is kept (default: a file for this vCenter and provider)'),
  anew: flag('put a re-key aside that asked for something else and has not ended'),
  acceptPowerOff: flag('re-key VMs that a known fault of ESXi may power off (Broadcom KB 387897)'),
};

export interface RekeyGiven {
  readonly mode: RekeyMode | undefined;
  readonly only: readonly string[];
  readonly except: readonly string[];
  readonly wave: string | undefined;
  readonly limit: string | undefined;
  readonly policy: string | undefined;
  readonly journal: string | undefined;
  readonly anew: boolean;
  readonly acceptPowerOff: boolean;
}

export interface Rekeyed {
  readonly reports: readonly TargetReport[];
  readonly chosen: Chosen;
  /** What may have a key, and could not be looked at. */
  readonly unexamined: readonly Unexamined[];
  /** Made by runs that were cut. */
  readonly unusedKeys: readonly string[];
}

export async function providerToUse(session: ViSession, provider: string): Promise<KmipClusterInfo> {
  const info = await new KeyProviders(session).find(provider);
  if (info === undefined)
    throw new Refusal(`vCenter has no key provider ${provider}: kmip4v vcenter connect makes it.`);
  demandStandardProvider(info);
  return info;
}

export function chosenFrom(inventory: Inventory, given: RekeyGiven, from: string | undefined): Chosen {
  const { mode = 'shallow', only, except, policy } = given;
  return chooseTargets(inventory, {
    mode,
    only,
    except,
    ...(from === undefined ? {} : { from }),
    ...(policy === undefined ? {} : { profile: policy }),
  });
}

/**
 * That somebody agreed to VMs being powered off: it is no part of any other agreement.
 * @throws CommandFault
 */
export async function agreeToPowerOff(
  { warnings }: Chosen,
  { acceptPowerOff }: Pick<RekeyGiven, 'acceptPowerOff'>,
  { out, ask }: Context,
): Promise<void> {
  if (warnings.length === 0) return;
  for (const { name, why } of warnings) out.note(`Warning: ${name} may be powered off. ${why}`);
  if (acceptPowerOff) return;
  const ways = 'power them off yourself first, update their hosts, or leave them out (--except NAME)';
  if (ask.isPossible) {
    out.note(`To be safe, ${ways}.`);
    await ask.agreed(`Re-key ${counted(warnings.length, 'VM')} that may be powered off?`);
    return;
  }
  const what = `nobody agreed that ${counted(warnings.length, 'VM')} may be powered off; nothing was done`;
  throw new CommandFault(EXIT.refused, what, `${ways}, or agree with --accept-power-off`);
}

export const waveOf = ({ wave }: Pick<RekeyGiven, 'wave'>): number => wholeNumber(wave ?? '10', '--wave', 500);

/** What is asked for, as the journal keeps it. */
function askedFor(inventory: Inventory, { to, from, given }: Wanted): Asked {
  const { mode = 'shallow', only, except, policy } = given;
  const vcenter = inventory.vcenter.instanceUuid;
  if (vcenter === '')
    throw new Refusal('This vCenter does not say which one it is (instanceUuid): no journal can be of it.');
  return {
    vcenter,
    provider: to.clusterId.id,
    mode,
    only,
    except,
    ...(from === undefined ? {} : { from }),
    ...(policy === undefined ? {} : { profile: policy }),
  };
}

interface Wanted {
  readonly to: KmipClusterInfo;
  readonly from?: string;
  readonly given: RekeyGiven;
}

/** Goes on with what a run before left, or begins; Ctrl-C ends it after the wave that is under way. */
export async function rekey(
  session: ViSession,
  inventory: Inventory,
  wanted: Wanted,
  context: Context,
): Promise<Rekeyed> {
  const { given, from } = wanted;
  const { env, out } = context;
  const asked = askedFor(inventory, wanted);
  const chosen = chosenFrom(inventory, given, from);
  const [wave, limit] = [waveOf(given), limitOf(given)];
  const path = given.journal ?? journalPath(env, asked.vcenter, asked.provider);
  const opened = await openJournal(path, { asked, targets: chosen.targets, anew: given.anew });
  const { journal } = opened;
  if (opened.resumed) out.note(`Going on with ${path}.`);
  if (opened.setAside !== undefined) out.note(`The re-key that had not ended is in ${opened.setAside}.`);
  const keys = new MadeKeys(journal, await serviceBehind(wanted.to, journal, context));
  const bar = out.progress();
  try {
    const words = 'Ending after what is under way; the same command goes on later.';
    const found = await keys.toTakeUp();
    const reports = await interruptible(out, words, (signal) =>
      runRekey(session, new Acts(session, { ...asked, run: journal.plan.id }), journal, {
        wave,
        ...(limit === undefined ? {} : { limit }),
        found,
        signal,
        pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
        onProgress: (ended, total) => bar.show(ended, total),
      }),
    );
    bar.end();
    return { reports, chosen, unexamined: inventory.unexamined, unusedKeys: await tellUnused(keys, context) };
  } finally {
    bar.end();
    await opened.close();
  }
}

const limitOf = ({ limit }: RekeyGiven): number | undefined =>
  limit === undefined ? undefined : wholeNumber(limit, '--limit', 1_000_000);

/** Our service, where the provider is this instance and a run was cut while it made keys. */
async function serviceBehind(
  to: KmipClusterInfo,
  journal: Journal,
  context: Context,
): Promise<KmipService | undefined> {
  if (journal.unconfirmedKeys === 0) return undefined;
  try {
    const service = await serviceOf(context);
    const { endpoints } = await service.instance();
    return endpoints.some((endpoint) => serverAt(to, endpoint) !== undefined) ? service : undefined;
  } catch {
    // Re-keying needs no more than vCenter: that keys cannot be looked for is said.
    return undefined;
  }
}

async function tellUnused(keys: MadeKeys, { out }: Context): Promise<readonly string[]> {
  const unused = await keys.unused();
  if (unused.length > 0) {
    const are = unused.length === 1 ? 'is' : 'are';
    out.note(
      `${counted(unused.length, 'key')} of this re-key ${are} used by nothing, since a run was cut or what they were for has gone: ${unused.join(', ')}. ` +
        'kmip4v key destroy KEY --revoke takes one away.',
    );
  }
  if (keys.unknown > 0) {
    out.note(
      `${counted(keys.unknown, 'key')} may have been made besides that nothing uses, since a run was cut. They bear the attribute ${keys.attribute}.`,
    );
  }
  return unused;
}
