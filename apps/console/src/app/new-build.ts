/** How browsers, and the build tool for style sheets, say that a part of the console could not be fetched. */
const MISSING = /dynamically imported module|importing a module script|unable to preload css/i;

const RELOADED_AT = 'kmip-console.reloaded';
const TO_BE_SAID = 'kmip-console.updated';
/** Whoever was helped by no reload is not helped by a second one. */
const ONCE_IN_MS = 60_000;

/** After an update of the service its files have other names: what an open page still names is not there any more. */
export const isMissingPart = (error: unknown): boolean => error instanceof Error && MISSING.test(error.message);

/** @returns whether the page is on its way to be loaded anew */
export async function reloadOnce(): Promise<boolean> {
  const last = Number(window.sessionStorage.getItem(RELOADED_AT) ?? 0);
  if (Date.now() - last < ONCE_IN_MS) return false;
  // While nobody answers the page that is there is better than none.
  const answer = await fetch('/console/', { method: 'HEAD', cache: 'no-store' }).catch(() => undefined);
  if (answer?.ok !== true) return false;
  window.sessionStorage.setItem(RELOADED_AT, String(Date.now()));
  window.sessionStorage.setItem(TO_BE_SAID, 'yes');
  window.location.reload();
  return true;
}

/** Whether it is to be said that the page was loaded anew. */
export const wasReloaded = (): boolean => window.sessionStorage.getItem(TO_BE_SAID) !== null;

export const saidSo = (): void => window.sessionStorage.removeItem(TO_BE_SAID);
