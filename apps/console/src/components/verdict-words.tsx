import { useTranslation } from 'react-i18next';

import { type Attempt } from '../api/schema';
import { type Said } from '../i18n/words';

/** What a verdict means and what helps: in English as the service says it, else by its code. */
export function useVerdict(): (attempt: Pick<Attempt, 'verdict' | 'message' | 'remedy'>) => {
  readonly message: Said;
  readonly remedy: Said;
} {
  const { i18n } = useTranslation();
  return ({ verdict, message, remedy }) => {
    const said = (part: 'message' | 'remedy', english: string): Said => {
      const nothing: string = '';
      const text = i18n.language === 'en' ? english : i18n.t(`verdict.${verdict}.${part}`, { defaultValue: nothing });
      return text === nothing ? { text: english, lang: 'en' } : { text };
    };
    return { message: said('message', message), remedy: said('remedy', remedy) };
  };
}
