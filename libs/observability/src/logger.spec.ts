import { Secret } from '@lib/kernel';

import { createLogger, type Logger } from './index';

/** Sixteen bytes that are easy to find again. */
const CANARY = 'canary-0123456789';

let lines: string[];
let logger: Logger;

beforeEach(() => {
  lines = [];
  logger = createLogger({ level: 'debug', name: 'test', destination: { write: (line: string) => lines.push(line) } });
});

const last = (): Record<string, unknown> => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown>;

/** Every way the canary could be written down. */
function traces(): string[] {
  const bytes = Buffer.from(CANARY);
  const forms = [CANARY, bytes.toString('hex'), bytes.toString('base64'), bytes.toString('base64url'), bytes.join(',')];
  return forms.filter((form) => lines.join('').includes(form));
}

describe('createLogger', () => {
  it('writes level, name, time and fields as one JSON object a line', () => {
    logger.info({ operation: 'Get', at: new Date(0), count: 3n }, 'served');
    expect(last()).toMatchObject({
      level: 'info',
      name: 'test',
      msg: 'served',
      operation: 'Get',
      at: '1970-01-01T00:00:00.000Z',
      count: '3',
    });
    expect(last()['time']).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  const pem = `-----BEGIN PRIVATE KEY-----\n${CANARY}\n-----END PRIVATE KEY-----`;
  const bytes = Buffer.from(CANARY);
  it.each<[string, (log: Logger) => void]>([
    ['a Secret', (log) => log.info({ value: Secret.fromText(CANARY) })],
    ['a Secret in depth', (log) => log.info({ a: [{ b: new Map([['c', Secret.fromText(CANARY)]]) }] })],
    ['a Buffer', (log) => log.info({ bytes })],
    ['a Buffer alone', (log) => log.info(bytes)],
    ['a typed array', (log) => log.info({ bytes: new Uint8Array(bytes) })],
    ['bytes in a binding', (log) => log.child({ bytes }).info('bound')],
    ['a value of a format specifier', (log) => log.info('%j %o %s', { bytes }, Secret.fromText(CANARY), bytes)],
    ['PEM text', (log) => log.info({ text: pem })],
    ['PEM text as message', (log) => log.info(pem)],
    ['a credential by name', (log) => log.info({ headers: { authorization: `Bearer ${CANARY}` }, apikey: CANARY })],
    [
      'extra fields of an error',
      (log) => log.error(Object.assign(new Error('no'), { body: CANARY, config: { bytes } })),
    ],
    [
      'extra fields of a cause',
      (log) => log.error(new Error('no', { cause: Object.assign(new Error('x'), { response: CANARY }) })),
    ],
    ['text that JSON.parse quotes', (log) => log.error({ err: unreadable(`{"key":${CANARY}`) }, 'no')],
    ['depth beyond reason', (log) => log.info({ a: { b: { c: { d: { e: { f: { g: CANARY } } } } } } })],
  ])('hides %s', (_name, write) => {
    write(logger);
    expect(lines).toHaveLength(1);
    expect(traces()).toEqual([]);
  });

  it('keeps what explains an error', () => {
    const cause = Object.assign(new Error('connect refused'), { code: 'ECONNREFUSED' });
    logger.error({ err: new Error('store is away', { cause }) }, 'cannot serve');
    expect(last()).toMatchObject({
      msg: 'cannot serve',
      err: { type: 'Error', message: 'store is away', cause: { message: 'connect refused', code: 'ECONNREFUSED' } },
    });
    expect((last()['err'] as { stack: string }).stack).toContain('logger.spec');
  });

  it('survives circles and hostile objects', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    expect(() => logger.info({ circle })).not.toThrow();
    expect(lines).toHaveLength(1);
  });
});

function unreadable(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return error;
  }
}
