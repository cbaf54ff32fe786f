import { z } from 'zod';

import { defaulted, optional, type SettingType } from '../setting';
import { secretText, serviceUrl, wholeNumber } from '../setting-types';

const clientId: SettingType<string> = {
  schema: z.string().regex(/^[\x21-\x7e]{1,128}$/),
  expected: 'a client id of printable characters',
};

/** Settings of the web console: how people sign in, and for how long. */
export const consoleSettings = {
  consoleClientId: optional('CONSOLE_CLIENT_ID', clientId, {
    meaning:
      'Client id of the web console in IAM, from Partner Center (*Set up IBM Cloud SSO*), with the redirect URL `MANAGEMENT_PUBLIC_URL` followed by `/console/callback`.',
    consequence: 'Needs CONSOLE_CLIENT_SECRET and an `https` MANAGEMENT_PUBLIC_URL. Unset: nobody can sign in.',
  }),
  consoleClientSecret: optional('CONSOLE_CLIENT_SECRET', secretText, {
    meaning: 'Secret of that client.',
    consequence: 'A wrong one lets nobody sign in, and sessions end when their tokens do.',
  }),
  consoleIdleMinutes: defaulted('CONSOLE_IDLE_MINUTES', wholeNumber(1, 120, 'minutes'), '30', {
    meaning: 'How long a session of the console lasts without anything being done in it.',
    consequence: 'Who comes back later signs in again. At most what IAM allows for sessions of its own.',
  }),
  consoleSessionHours: defaulted('CONSOLE_SESSION_HOURS', wholeNumber(1, 24, 'hours'), '8', {
    meaning: 'How long a session of the console lasts at most.',
    consequence: 'As above.',
  }),
  iamLogoutUrl: optional('IAM_LOGOUT_URL', serviceUrl, {
    meaning: 'Page on which people sign out of IBM Cloud itself.',
    consequence:
      'Offered to who has signed out of the console: IBM Cloud still knows his browser. Unset: there is no link.',
  }),
} as const;
