import { listed, shown, together, told } from './answer';
import { displayWidth, plain, shortened } from './plain-text';
import { type Columns, type Screen, table, textOf } from './table';

interface Row {
  readonly id: string;
  readonly name: string;
  readonly on: boolean;
}

const ID = '47f88610-bfac-4a4e-bcd8-0e9bb2e8b189';
const ROWS: readonly Row[] = [
  { id: ID, name: 'a machine with a name of some length', on: true },
  { id: ID, name: '虚拟机-01', on: false },
];
const COLUMNS: Columns<Row> = [
  ['id', ({ id }) => id, 'whole'],
  ['name', ({ name }) => name],
  ['on', ({ on }) => ({ text: on ? 'on' : 'off', tone: on ? 'good' : 'bad' })],
];
const screen = (width: number): Screen => ({ width, paint: (text) => text });
const widths = (text: string): number[] => text.split('\n').map(displayWidth);

describe('tables', () => {
  it('are not cut where nobody looks', () => {
    expect(table(ROWS, COLUMNS, screen(Infinity)).split('\n')).toEqual([
      'ID                                    NAME                                  ON',
      `${ID}  a machine with a name of some length  on`,
      `${ID}  虚拟机-01                             off`,
    ]);
  });

  it.each([78, 70, 60, 56])('fit a terminal of %d columns, with identifiers whole', (width) => {
    const text = table(ROWS, COLUMNS, screen(width));
    expect(Math.max(...widths(text))).toBeLessThanOrEqual(width);
    expect(text).toContain(ID);
    expect(text).toContain('…');
    expect(text.split('\n')).toHaveLength(3);
  });

  it('become blocks where an identifier would have to be cut', () => {
    expect(table(ROWS, COLUMNS, screen(45)).split('\n')).toEqual([
      `id    ${ID}`,
      'name  a machine with a name of some length',
      'on    on',
      '',
      `id    ${ID}`,
      'name  虚拟机-01',
      'on    off',
    ]);
  });

  it('colour words, and pad as without', () => {
    const text = table(ROWS, COLUMNS, { width: Infinity, paint: (word, tone) => `<${tone}>${word}</>` });
    expect(text).toContain('<good>on </>');
    expect(text).toContain('<bad>off</>');
  });

  it('say that there is nothing, also where it would have a colour', () => {
    expect(['', undefined, { text: '', tone: 'bad' } as const].map(textOf)).toEqual(['-', '-', '-']);
  });

  it('obey nothing that a name of another contains', () => {
    const hostile = [{ id: '\u001b[2J\u202egnp.exe', name: 'a\nb\r\u0007', on: true }];
    const text = table(hostile, COLUMNS, screen(Infinity));
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(text.split('\n')).toHaveLength(2);
    expect(plain('\u001b[31m')).toBe('\\u001b[31m');
  });

  it('measure wide, combining and shortened text', () => {
    expect(displayWidth('虚拟机')).toBe(6);
    expect(displayWidth('e\u0301')).toBe(1);
    expect(shortened('虚拟机', 5)).toBe('虚拟…');
    expect(shortened('abc', 3)).toBe('abc');
  });
});

describe('answers', () => {
  it('are what the service said for programs, and text for people', () => {
    expect(listed([], COLUMNS, 'Nothing.').text(screen(80))).toBe('Nothing.');
    expect(listed(ROWS, COLUMNS, '').value).toBe(ROWS);
    expect(shown(ROWS[0]!, COLUMNS).text(screen(30)).split('\n')).toEqual([
      `id    ${ID}`,
      'name  a machine with a name of',
      '      some length',
      'on    on',
    ]);
    expect(told('Done.').value).toEqual({});
    expect(told('One\u001b[2J\nTwo').text(screen(80))).toBe('One\\u001b[2J\nTwo');
    expect(
      together(1, [
        ['', told('A')],
        ['Title', told('B')],
      ]).text(screen(80)),
    ).toBe('A\n\nTitle\nB');
  });
});
