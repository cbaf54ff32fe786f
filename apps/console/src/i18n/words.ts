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
  | 'check_reason'
  | 'check_reason_remedy'
  | 'permission'
  | 'error'
  | 'reason'
  | 'reason_remedy'
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
  check_reason: 'health',
  check_reason_remedy: 'health_remedy',
  reason: 'health',
  reason_remedy: 'health_remedy',
};

/** Where the text beside a code lies, in the order that it is looked for. */
export const wordKeys = (list: WordList, code: string): string[] =>
  [list, ALIKE[list]].flatMap((one) => (one === undefined ? [] : [`words.${one}.${code}`]));

/** `Reader (service role)` as `reader_service_role`. */
export const permissionCode = (permission: string): string =>
  permission
    .toLowerCase()
    .replaceAll(/[^a-z]+/g, '_')
    .replace(/_$/, '');

export type WordsOf = (
  list: WordList,
  code: string,
  english: string,
  /** What the text names, as the service gave it: `{{held}}`. */
  values?: Readonly<Record<string, string>>,
) => Said;

/**
 * The service answers in English. Where a code tells what it means, other languages have words of their own for it;
 * what is left is shown as it came, and marked as English for screen readers.
 */
export function useWords(): WordsOf {
  const { i18n } = useTranslation();
  return (list, code, english, values = {}) => {
    if (i18n.language === 'en') return { text: english };
    // Not every code has one: the key is looked up, not known.
    const nothing: string = '';
    const text = i18n.t(wordKeys(list, code), { ...values, defaultValue: nothing });
    return text === nothing ? { text: english, lang: 'en' } : { text };
  };
}
