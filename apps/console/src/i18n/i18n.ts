import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';

import type en from './en';
import { initialLanguage, type Language, rememberLanguage } from './language';

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation';
    resources: { translation: typeof en };
  }
}

/** One language is loaded, not all. */
const TEXTS = {
  en: async () => (await import('./en')).default,
  'zh-CN': async () => (await import('./zh-CN')).default,
};

async function load(language: Language): Promise<void> {
  if (!i18next.hasResourceBundle(language, 'translation')) {
    i18next.addResourceBundle(language, 'translation', await TEXTS[language]());
  }
  document.documentElement.lang = language;
}

export async function startI18n(): Promise<void> {
  const language = initialLanguage();
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    // React escapes.
    interpolation: { escapeValue: false },
    resources: {},
    react: { useSuspense: false },
  });
  await load(language);
}

export async function changeLanguage(language: Language): Promise<void> {
  await load(language);
  await i18next.changeLanguage(language);
  rememberLanguage(language);
}
