import { counted } from '../../output/counted';
import { rootKeyIdOf, time } from '../../output/views';
import { type Instance } from '../../tenant/resources';

const NAMES_THEM = '`kmip4v key list --unservable` names them.';

/** What is in the way of keys, what helps, since when, and how to see which keys and machines it stops. */
export const problemsOf = ({ problems }: Pick<Instance['health'], 'problems'>): string =>
  problems
    .map(({ message, remedy, keys_stopped: stopped, since }) => {
      const which = stopped === 0 ? '' : ` It stops ${counted(stopped, 'key')}: ${NAMES_THEM}`;
      return `${message} ${remedy}${which} It has lasted since ${time(since) ?? since}.`;
    })
    .join(' ');

/** How keys go that are to leave a root key, or an older version of it. */
export const keyMovesOf = ({ key_moves: moves }: Pick<Instance, 'key_moves'>): string =>
  moves
    .map(({ root_key_crn: crn, former, state, message }) => {
      const rootKey = `${former ? 'former root key' : 'root key'} ${rootKeyIdOf(crn)}`;
      return `${rootKey} (${state}): ${message}`;
    })
    .join(' ');
