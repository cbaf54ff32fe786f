import { availableParallelism } from 'node:os';

import { Secret } from '@lib/kernel';
import { z } from 'zod';

import { type SettingType } from './setting';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevelName = (typeof LOG_LEVELS)[number];

/** A text schema that refuses by returning undefined, so that no message can quote the text. */
function textTo<T>(convert: (text: string) => T | undefined): z.ZodType<T, string> {
  return z.string().transform((text, context) => {
    const value = convert(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: 'refused' });
    return z.NEVER;
  });
}

export function wholeNumber(minimum: number, maximum: number, unit = ''): SettingType<number> {
  const suffix = unit === '' ? '' : ` (${unit})`;
  return {
    schema: textTo((text) => {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return value >= minimum && value <= maximum ? value : undefined;
    }),
    expected: `a whole number from ${minimum} to ${maximum}${suffix}`,
  };
}

const MAXIMUM_WORKERS = 64;

/** Processes of one program; `cores` is what Node runs at a time: affinity counts, a quota of a container from libuv 1.49 on. */
export const workerCount: SettingType<number> = {
  schema: textTo((text) => {
    if (text === 'cores') return Math.min(MAXIMUM_WORKERS, availableParallelism());
    return wholeNumber(1, MAXIMUM_WORKERS).schema.safeParse(text).data;
  }),
  expected: `a whole number from 1 to ${MAXIMUM_WORKERS}, or \`cores\` for one for each core`,
};

export const port: SettingType<number> = {
  ...wholeNumber(0, 65535),
  expected: 'a port from 1 to 65535, or 0 for any free one',
};

export function oneOf<const T extends string>(values: readonly T[]): SettingType<T> {
  return {
    schema: textTo((text) => values.find((value) => value === text)),
    expected: `one of ${values.map((value) => `\`${value}\``).join(', ')}`,
  };
}

/** A day, which begins at midnight UTC, or a moment with its offset. */
export const date: SettingType<Date> = {
  schema: textTo((text) => {
    const moment = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2}))?$/.test(text)
      ? new Date(text)
      : undefined;
    return moment === undefined || Number.isNaN(moment.getTime()) ? undefined : moment;
  }),
  expected: 'a day like `2027-01-31` or a moment like `2027-01-31T12:00Z`',
};

export const onOff: SettingType<boolean> = {
  schema: textTo((text) => (text === 'on' ? true : text === 'off' ? false : undefined)),
  expected: '`on` or `off`',
};

export const logLevel: SettingType<LogLevelName> = {
  schema: textTo((text) => LOG_LEVELS.find((level) => level === text)),
  expected: `one of ${LOG_LEVELS.join(', ')}`,
};

/** A short name that is safe in file names, metric labels and log lines. */
export const plainName: SettingType<string> = {
  schema: textTo((text) => (/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$/.test(text) ? text : undefined)),
  expected: 'a name of at most 63 letters, digits, dots, underscores and hyphens',
};

export const path: SettingType<string> = {
  schema: textTo((text) => (text.includes('\0') ? undefined : text)),
  expected: 'a path',
};

const HOST =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|[0-9a-fA-F:]*:[0-9a-fA-F:.]*)$/;

export const host: SettingType<string> = {
  schema: textTo((text) => (text.length <= 253 && HOST.test(text) ? text : undefined)),
  expected: 'a DNS name or IP address',
};

export const hostList: SettingType<readonly string[]> = listOf(host, 'DNS names or IP addresses');

const NETWORK = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*)(?:\/\d{1,3})?$/;

/** Whether the address is one is for its user to say; here only its form is judged. */
export const networkList: SettingType<readonly string[]> = listOf(
  { schema: textTo((text) => (NETWORK.test(text) ? text : undefined)), expected: 'an IP address or network' },
  'IP addresses or networks such as `10.0.0.0/24`',
);

/** Whose word on the addresses of clients is believed: some proxies, never everybody. */
export const proxyList: SettingType<readonly string[]> = {
  schema: textTo((text) => {
    const { data } = networkList.schema.safeParse(text);
    return data?.every((network) => !/\/0+$/.test(network)) === true ? data : undefined;
  }),
  expected: 'IP addresses or networks such as `10.0.0.0/24`, divided by commas, and not all addresses there are',
};

/** Items divided by commas; the empty list is written as an unset variable. */
export function listOf<T>(item: SettingType<T>, plural: string): SettingType<readonly T[]> {
  return {
    schema: textTo((text) => {
      const items = text.split(',').map((part) => item.schema.safeParse(part.trim()));
      return items.every((parsed) => parsed.success) ? Object.freeze(items.map(({ data }) => data)) : undefined;
    }),
    expected: `${plural}, divided by commas`,
  };
}

/** Base address of a service: no path surprises, no credentials in it, no slash at its end. */
export const serviceUrl: SettingType<string> = {
  schema: textTo(normalisedUrl),
  expected: 'an http or https URL without user name, query or fragment',
};

export function normalisedUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const plain = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (!plain || (url.protocol !== 'https:' && url.protocol !== 'http:')) return undefined;
  return url.href.replace(/\/+$/, '');
}

/** By libpq's names. Of those that encrypt all check the server: a connection to anybody is worth nothing. */
const SSL_MODES = [null, 'disable', 'require', 'verify-ca', 'verify-full'];

/** libpq knows two ways to name several servers, `//a:1,b:2/` and `?host=a,b&port=1,2`; an URL can only hold the second. */
function clusterInParameters(text: string): string {
  const [, before, list, after] = /^(postgres(?:ql)?:\/\/(?:[^@/?#]*@)?)([^@/?#]+,[^@/?#]+)(.*)$/.exec(text) ?? [];
  if (before === undefined || list === undefined || after === undefined) return text;
  const servers = list.split(',').map((server) => /^(.*?)(?::(\d+))?$/.exec(server) ?? []);
  const query = `host=${servers.map(([, host]) => host).join(',')}&port=${servers.map(([, , port]) => port ?? '').join(',')}`;
  return `${before}${servers[0]?.[1] ?? ''}${after}${after.includes('?') ? '&' : '?'}${query}`;
}

/** A connection string holds a password: secret as a whole. */
export const postgresUrl: SettingType<Secret> = {
  schema: textTo((given) => {
    const text = clusterInParameters(given);
    if (!/^(?:postgres|postgresql|socket):\S+$/.test(text) || !URL.canParse(text)) return undefined;
    const { searchParams } = new URL(text);
    const known = SSL_MODES.includes(searchParams.get('sslmode'));
    return known && !searchParams.has('ssl') && !searchParams.has('uselibpqcompat') ? Secret.fromText(text) : undefined;
  }),
  expected:
    'a connection string `postgres://user:password@host:port/database`, several servers as `host:port,host:port`, with `sslmode` `verify-full` or `disable` and `sslrootcert` where needed, or `socket:/folder?db=database`',
  secret: true,
};

export const secretText: SettingType<Secret> = {
  schema: textTo((text) => (text.length >= 16 ? Secret.fromText(text) : undefined)),
  expected: 'a text of at least 16 characters',
  secret: true,
};
