/** Each language with its own name for itself: who reads no English finds it all the same. */
export const LANGUAGES = { en: 'English', 'zh-CN': '简体中文' } as const;

export type Language = keyof typeof LANGUAGES;

const CHOICE = 'kmip-console.language';

const isLanguage = (value: string | null): value is Language => value !== null && Object.hasOwn(LANGUAGES, value);

/** What was chosen here before, or what the browser prefers. */
export function preferredLanguage(preferences: readonly string[], chosen: string | null): Language {
  if (isLanguage(chosen)) return chosen;
  const first = preferences.find((tag) => /^(en|zh)\b/i.test(tag));
  return first?.toLowerCase().startsWith('zh') === true ? 'zh-CN' : 'en';
}

/** How dates and numbers are written: as the browser's own country does, where that speaks the language. */
export const regionOf = (language: string, preferences: readonly string[]): string =>
  preferences.find((tag) => tag.toLowerCase().startsWith(`${language.toLowerCase()}-`)) ?? language;

export const initialLanguage = (): Language =>
  preferredLanguage(window.navigator.languages, window.localStorage.getItem(CHOICE));

export function rememberLanguage(language: Language): void {
  window.localStorage.setItem(CHOICE, language);
}
