import { useEffect, useLayoutEffect } from 'react';

/**
 * Gives the focus back to what had it, when what is drawn over the page goes: Carbon does so for dialogs that stay, and
 * ours are drawn only while they ask. What is not there any more, such as the button of what was just done, gives way to
 * the page.
 */
export function useFocusReturn(): void {
  useLayoutEffect(() => {
    const before = document.activeElement;
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
      else focusPage();
    };
  }, []);
}

/** Gives the focus to the page where what had it went with a change of what is shown, such as the last act on a key. */
export function useFocusKept(shown: string): void {
  useEffect(() => {
    if (document.activeElement === document.body) focusPage();
  }, [shown]);
}

export const focusPage = (): void => document.getElementById('main-content')?.focus({ preventScroll: true });
