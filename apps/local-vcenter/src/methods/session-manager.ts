import { type UserSession } from '@lib/vi-json';

import { type Center } from '../center';
import { ROOT_FOLDER } from '../objects';
import { type UserRow } from '../rows';
import { type Session } from '../sessions';
import { noPermission, VimFault } from '../vim/fault';
import { method, type MethodDefinition } from './method';

const LOCALES: ReadonlySet<string> = new Set(['en', 'en_US', 'de', 'fr', 'ja', 'ko', 'zh_CN', 'zh_TW', 'es', 'it']);

export const userSession = (session: Session): UserSession => ({
  _typeName: 'UserSession',
  key: session.key,
  userName: domainForm(session.userName),
  fullName: session.userName.replace('@', ' '),
  loginTime: session.loginTime.toISOString(),
  lastActiveTime: session.lastActiveTime.toISOString(),
  locale: session.locale,
  messageLocale: session.locale,
  extensionSession: false,
  ipAddress: session.ipAddress,
  userAgent: session.userAgent,
  callCount: session.callCount,
});

/** `administrator@vsphere.local` is shown as `VSPHERE.LOCAL\administrator`. */
function domainForm(name: string): string {
  const [user = '', domain = ''] = name.split('@');
  return `${domain.toUpperCase()}\\${user}`;
}

export interface LoginRequest {
  readonly userName: string;
  readonly password: string;
  readonly locale?: string;
}

/** @throws VimFault InvalidLogin, InvalidLocale, or NoPermission for a user without any role */
export function logIn(
  center: Center,
  { userName, password, locale = 'en' }: LoginRequest,
  visitor: Pick<Session, 'over' | 'userAgent' | 'ipAddress'>,
  current: Session | undefined,
): Session {
  const user: UserRow | undefined = current === undefined ? center.users.verify(userName, password) : undefined;
  if (user === undefined) {
    throw new VimFault('InvalidLogin', 'Cannot complete login due to an incorrect user name or password.');
  }
  if (!LOCALES.has(locale)) throw new VimFault('InvalidLocale', 'The locale name is unknown or invalid.');
  if (user.role === 'none') throw noPermission(ROOT_FOLDER, 'System.View');
  return center.sessions.open({ ...visitor, userName: user.name, locale });
}

/** Login itself is answered where the token is set (http/vi-json.routes.ts). */
export const SESSION_MANAGER_METHODS: readonly MethodDefinition[] = [
  method(
    'SessionManager',
    'Login',
    {
      parameters: 'userName: string, password: string, locale?: string',
      returns: 'UserSession',
      faults: ['InvalidLogin', 'InvalidLocale', 'NoPermission'],
    },
    ({ session }) => userSession(session),
  ),
  method('SessionManager', 'Logout', { privilege: 'System.View' }, ({ center, session }) => {
    center.sessions.close(session);
  }),
];
