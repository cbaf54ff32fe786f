import { type Browser, chromium } from 'playwright-core';

/** Debian's, from scripts/setup-debian.sh; nothing is downloaded. */
const EXECUTABLE = '/usr/bin/chromium';

/** CI runs as root, where Chromium has no sandbox; the pages are our own. */
export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox'] });
