import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { DEVELOPMENT_SWITCH, refusalOf, unsafeParts } from './unsafe-start';

const UNSAFE_FLAGS = [
  '--inspect',
  '--inspect=0.0.0.0:9229',
  '--inspect-brk',
  '--inspect_port=0',
  '--inspect-wait',
  '--debug-port=1',
  '--tls-keylog=/tmp/keys',
  '--tls_keylog=/tmp/keys',
  '--trace-tls',
  '--tls-min-v1.0',
  '--tls-min-v1.1',
  '--tls-cipher-list=DEFAULT@SECLEVEL=0',
  '--openssl-legacy-provider',
  '--openssl-config=/tmp/x',
  '--security-revert=CVE-2023-46809',
  '--insecure-http-parser',
  '--report-on-fatalerror',
  '--report-uncaught-exception',
  '--report-on-signal',
  '--heapsnapshot-signal=SIGUSR2',
  '--heapsnapshot-near-heap-limit=1',
  '--heap-prof',
  '--abort-on-uncaught-exception',
  '--expose-internals',
];

const UNSAFE_VARIABLES = {
  NODE_TLS_REJECT_UNAUTHORIZED: '0',
  SSLKEYLOGFILE: '/tmp/keys',
  OPENSSL_CONF: '/tmp/openssl.cnf',
};

/** What our own starts, and those of operators with good reasons, look like. */
const SAFE_FLAGS = [
  '--disable-proto=delete',
  '--enable-source-maps',
  '--env-file=.data/service.env',
  '--max-old-space-size=512',
  '--tls-min-v1.2',
  '--tls-max-v1.3',
  '--use-openssl-ca',
];

describe('unsafeParts', () => {
  it.each(UNSAFE_FLAGS)('knows %s, on the command line and in NODE_OPTIONS', (flag) => {
    expect(unsafeParts({ execArgv: [flag], environment: {} })).toHaveLength(1);
    for (const options of [flag, `--max-old-space-size=9  ${flag}`, `"${flag}"`, `--require "/a b/c.js" ${flag}`]) {
      expect(unsafeParts({ execArgv: [], environment: { NODE_OPTIONS: options } })).toHaveLength(1);
    }
  });

  it.each(Object.entries(UNSAFE_VARIABLES))('knows %s=%s', (variable, value) => {
    expect(unsafeParts({ execArgv: [], environment: { [variable]: value } })).toHaveLength(1);
  });

  it('lets everything else pass', () => {
    const environment = { NODE_OPTIONS: SAFE_FLAGS.join(' '), NODE_TLS_REJECT_UNAUTHORIZED: '1', SSLKEYLOGFILE: '' };
    expect(unsafeParts({ execArgv: SAFE_FLAGS, environment })).toEqual([]);
    expect(refusalOf({ execArgv: [], environment: {} })).toBeUndefined();
  });

  it('names flags and variables and no values', () => {
    const refusal = refusalOf({ execArgv: ['--tls-keylog=/secret/place'], environment: UNSAFE_VARIABLES });
    expect(refusal).toMatch(/--tls-keylog \(.+NODE_TLS_REJECT_UNAUTHORIZED \(.+SSLKEYLOGFILE \(/);
    expect(refusal).not.toMatch(/secret|\/tmp/);
  });
});

describe('a process that is hardened', () => {
  const program = `require(${JSON.stringify(join(__dirname, '../../../dist/libs/hardening/src'))}); console.log('started')`;
  const start = (flags: readonly string[], env: Record<string, string> = {}) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, '-e', program], {
      env,
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };

  it.each<[string, readonly string[], Record<string, string>]>([
    ['a flag', ['--inspect=127.0.0.1:0'], {}],
    ['NODE_OPTIONS', [], { NODE_OPTIONS: '--insecure-http-parser' }],
    ['a variable', [], { NODE_TLS_REJECT_UNAUTHORIZED: '0' }],
  ])('does not start with %s', (_name, flags, env) => {
    const { status, stdout, stderr } = start(flags, env);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain('This process holds keys and does not start with');
  });

  it('starts under the development switch, and says so', () => {
    const { status, stdout, stderr } = start(['--insecure-http-parser'], { [DEVELOPMENT_SWITCH]: 'development' });
    expect([status, stdout]).toEqual([0, 'started\n']);
    expect(stderr).toContain(`${DEVELOPMENT_SWITCH} is set`);
  });

  it('starts without', () => {
    expect(start(['--disable-proto=delete'])).toMatchObject({ status: 0, stdout: 'started\n' });
  });
});
