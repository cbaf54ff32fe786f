import { type Output } from '../../output/output';
import { type ConnectWorld } from '../../vcenter/connect/connect-world';
import { wordsOf } from '../../vcenter/plan/steps';
import { type NotSeen, SEEN_WITHIN_S, untilSeenByService } from '../../vcenter/seen-by-service';

const LATER = 'Look again later: kmip4v vcenter status';

/**
 * Waits until the service shows what vCenter accepts, and says why before it waits. Everything is done by then: a look
 * that fails, or that never shows it, is a remark and undoes nothing.
 */
export async function noteSeenByService(world: ConnectWorld, out: Pick<Output, 'note' | 'progress'>): Promise<void> {
  const bar = out.progress();
  let isSaid = false;
  const beforeWaiting = (left: readonly NotSeen[]): void => {
    if (!isSaid) out.note(waitingFor(left));
    isSaid = true;
    bar.show(world.endpoints.length - left.length, world.endpoints.length);
  };
  const left = await untilSeenByService(world, beforeWaiting)
    .catch(whyUnknown)
    .finally(() => bar.end());
  const remarks = typeof left === 'string' ? [left] : [seenUnderFormer(left), notSeenYet(left)];
  for (const remark of remarks) if (remark !== undefined) out.note(remark);
}

const at = (places: readonly NotSeen[]): string => places.map(({ endpoint }) => endpoint).join(' and ');

const waitingFor = (left: readonly NotSeen[]): string =>
  `Waiting until the service shows this vCenter under its present certificate at ${at(left)} (${SEEN_WITHIN_S} s at most).`;

const whyUnknown = (error: unknown): string =>
  `vCenter is connected, and whether the service shows it could not be found out: ${wordsOf(error)}. ${LATER}`;

function seenUnderFormer(left: readonly NotSeen[]): string | undefined {
  const places = left.filter(({ onFormer }) => onFormer);
  if (places.length === 0) return undefined;
  return (
    `The service last saw this client certificate under a former server certificate at ${at(places)}: a connection from before, or a ` +
    `host that has not followed. ${LATER}`
  );
}

function notSeenYet(left: readonly NotSeen[]): string | undefined {
  const places = left.filter(({ onFormer }) => !onFormer);
  if (places.length === 0) return undefined;
  return `vCenter is connected, and the service does not show it yet at ${at(places)}. ${LATER}`;
}
