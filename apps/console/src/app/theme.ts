import { useEffect, useSyncExternalStore } from 'react';

export const THEME_CHOICES = ['system', 'light', 'dark'] as const;
export type ThemeChoice = (typeof THEME_CHOICES)[number];
/** Carbon's names. */
export type CarbonTheme = 'g10' | 'g100';

const CHOICE = 'kmip-console.theme';
const dark = (): MediaQueryList => window.matchMedia('(prefers-color-scheme: dark)');
/** Told to every part of the page that asks for the theme. */
const CHANGED = 'kmip-console:theme';

export const themeOf = (choice: ThemeChoice, systemIsDark: boolean): CarbonTheme =>
  choice === 'dark' || (choice === 'system' && systemIsDark) ? 'g100' : 'g10';

function themeChoice(): ThemeChoice {
  const stored = window.localStorage.getItem(CHOICE);
  return THEME_CHOICES.find((choice) => choice === stored) ?? 'system';
}

/** Before anything is drawn, so that nothing flashes. */
export function applyTheme(): CarbonTheme {
  const theme = themeOf(themeChoice(), dark().matches);
  document.documentElement.dataset['carbonTheme'] = theme;
  return theme;
}

export function chooseTheme(choice: ThemeChoice): void {
  window.localStorage.setItem(CHOICE, choice);
  applyTheme();
  window.dispatchEvent(new Event(CHANGED));
}

function subscribe(listener: () => void): () => void {
  window.addEventListener(CHANGED, listener);
  const system = dark();
  system.addEventListener('change', listener);
  return () => {
    window.removeEventListener(CHANGED, listener);
    system.removeEventListener('change', listener);
  };
}

/** What was chosen, and what follows from it and the system at the moment. */
export function useTheme(): { readonly choice: ThemeChoice; readonly theme: CarbonTheme } {
  const choice = useSyncExternalStore(subscribe, themeChoice);
  const systemIsDark = useSyncExternalStore(subscribe, () => dark().matches);
  const theme = themeOf(choice, systemIsDark);
  useEffect(() => {
    applyTheme();
  }, [theme]);
  return { choice, theme };
}
