import { counted } from '../../output/counted';
import { type Instance } from '../../tenant/resources';

const NAMES_THEM = '`kmip4v key list --unservable` names them.';

/** What is in the way of keys, what helps, and how to see which keys and machines it stops. */
export const problemsOf = ({ problems }: Pick<Instance['health'], 'problems'>): string =>
  problems
    .map(({ message, remedy, keys_stopped: stopped }) => {
      const which = stopped === 0 ? '' : ` It stops ${counted(stopped, 'key')}: ${NAMES_THEM}`;
      return `${message} ${remedy}${which}`;
    })
    .join(' ');
