import { EventStream } from './event-stream';
import { type InstanceEvent } from './instance-event';

const position = (seq: number): string => `${String(seq).padStart(12, '0')}-0123456789abcdef`;
const event = (seq: number, type: InstanceEvent['type'] = 'key'): InstanceEvent => ({
  id: position(seq),
  type,
  occurred_at: '2026-11-30T12:00:00.000Z',
});
const end = (seq: number) => ({ seq, mark: '0123456789abcdef' });

const textOf = (stream: EventStream): string => String((stream.content.read() as Buffer | null) ?? '');
const told = (text: string): readonly string[] =>
  [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => {
    const { id, type } = JSON.parse(data) as InstanceEvent;
    return `${type} ${Number(id.split('-')[0])}`;
  });

describe('a stream of events', () => {
  it('tells first what happened before, and nothing twice', () => {
    const stream = new EventStream(() => true);
    // A look at the database was faster than the question what was missed.
    stream.tell({ records: [event(5), event(6), event(7)], signs: [event(7, 'attempt')] });
    stream.begin([event(4), event(5)], end(6));
    stream.tell({ records: [event(8)], signs: [] });
    expect(told(textOf(stream))).toEqual(['key 4', 'key 5', 'key 7', 'attempt 7', 'key 8']);
  });

  it('says how far it is, also to who may not hear of it', () => {
    const stream = new EventStream(({ type }) => type !== 'key');
    stream.begin([], end(3));
    stream.tell({ records: [event(4), event(5, 'root-key'), event(6)], signs: [] });
    stream.beat();
    const text = textOf(stream);
    expect(told(text)).toEqual(['root-key 5']);
    expect(text.endsWith(`id: ${position(6)}\n\n`)).toBe(true);
  });

  it('begins anew with another database', () => {
    const stream = new EventStream(() => true);
    stream.begin([], end(30));
    stream.tell({ records: [event(12, 'reset')], signs: [] });
    stream.tell({ records: [event(13)], signs: [] });
    expect(told(textOf(stream))).toEqual(['reset 12', 'key 13']);
  });

  it('ends for who does not read it', async () => {
    const stream = new EventStream(() => true);
    const over = new Promise<void>((resolve) => stream.onEnd(resolve));
    stream.begin([], end(0));
    for (let seq = 1; seq <= 1_000; seq += 1) stream.tell({ records: [event(seq)], signs: [] });
    await over;
    expect(stream.content.destroyed).toBe(true);
    const late = new Promise<void>((resolve) => stream.onEnd(resolve));
    await late;
    stream.tell({ records: [event(2_000)], signs: [] });
    stream.end();
  });

  it('ends once, whoever reads it', async () => {
    const stream = new EventStream(() => true);
    const over = new Promise<void>((resolve) => stream.onEnd(resolve));
    stream.begin([], end(0));
    stream.content.resume();
    await new Promise((resolve) => setImmediate(resolve));
    stream.end();
    stream.end();
    stream.beat();
    await over;
  });
});
