import { type Instance } from '../api/schema';
import { type Said, useWords } from '../i18n/words';

/** What an administrator does next, in words: nothing is done for two reasons. */
export function useNextStep(): (instance: Instance) => Said {
  const said = useWords();
  return ({ state, next_step: { code, message } }) =>
    said('next_step', code === 'none' && state === 'removing' ? 'none_removing' : code, message);
}
