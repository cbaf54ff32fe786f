import { useTranslation } from 'react-i18next';

/** What the service says beside a code of a closed list; in English it is the service that words it. */
export type WordList =
  | 'next_step'
  | 'health'
  | 'health_remedy'
  | 'certificate_warning'
  | 'births'
  | 'obstacle'
  | 'obstacle_remedy'
  | 'check_purpose'
  | 'hindrance'
  | 'staying'
  | 'webhook_failure';

export interface Said {
  readonly text: string;
  /** Of the text, where it is not the language of the page. */
  readonly lang?: 'en';
}

/** What is worded alike wherever it is met: a root key that does not answer is in the way of a move as of a fetch. */
const ALIKE: Partial<Readonly<Record<WordList, WordList>>> = {
  obstacle: 'health',
  obstacle_remedy: 'health_remedy',
  hindrance: 'health',
  staying: 'health',
};

/** Where the text beside a code lies, in the order that it is looked for. */
export const wordKeys = (list: WordList, code: string): string[] =>
  [list, ALIKE[list]].flatMap((one) => (one === undefined ? [] : [`words.${one}.${code}`]));

/**
 * The service answers in English. Where a code tells what it means, other languages have words of their own for it;
 * what is left is shown as it came, and marked as English for screen readers.
 */
export function useWords(): (list: WordList, code: string, english: string) => Said {
  const { i18n } = useTranslation();
  return (list, code, english) => {
    if (i18n.language === 'en') return { text: english };
    // Not every code has one: the key is looked up, not known.
    const nothing: string = '';
    const text = i18n.t(wordKeys(list, code), { defaultValue: nothing });
    return text === nothing ? { text: english, lang: 'en' } : { text };
  };
}
