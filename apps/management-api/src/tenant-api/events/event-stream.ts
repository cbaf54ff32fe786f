import { Readable } from 'node:stream';

import { type TrailPosition } from '@lib/persistence';

import { type InstanceEvent, positionText, readPosition, resetEvent } from './instance-event';
import { type InstanceNews } from './instance-watch';

/** What waits for a reader; who has more of it unread is not reading, and begins anew later. */
const UNREAD_BYTES = 65_536;
/** Browsers come back after that. */
const RETRY_MS = 3_000;

/**
 * Server-sent events of one instance to one caller (WHATWG HTML, 9.2). It begins by holding back what is told, until it
 * is known what happened before.
 */
export class EventStream {
  readonly content = new Readable({ highWaterMark: UNREAD_BYTES, read: () => undefined });
  #end: TrailPosition | undefined;
  #heldBack: InstanceNews[] = [];
  #isOver = false;

  constructor(private readonly permits: (event: InstanceEvent) => boolean) {
    this.#write(`retry: ${RETRY_MS}\n\n`);
  }

  /** @param events that happened before, up to `end` */
  begin(events: readonly InstanceEvent[], end: TrailPosition): void {
    for (const event of events) this.#send(event);
    this.#end = end;
    const heldBack = this.#heldBack;
    this.#heldBack = [];
    for (const news of heldBack) this.tell(news);
    this.beat();
  }

  tell(news: InstanceNews): void {
    const end = this.#end;
    if (end === undefined) {
      this.#heldBack.push(news);
      return;
    }
    // What was known before, by its own question to the trail, is not told twice.
    const records = news.records.filter(({ id, type }) => type === 'reset' || readPosition(id).seq > end.seq);
    for (const event of [...records, ...news.signs]) this.#send(event);
    const last = records.at(-1);
    if (last !== undefined) this.#end = readPosition(last.id);
  }

  /** More is told from here on than before. */
  reset(now: Date): void {
    if (this.#end !== undefined) this.#send(resetEvent(this.#end, now));
  }

  /** So that nobody between us takes it for dead, and the other side knows how far it is. */
  beat(): void {
    this.#write(this.#end === undefined ? ':\n\n' : `id: ${positionText(this.#end)}\n\n`);
  }

  end(): void {
    if (this.#isOver || this.content.destroyed) return;
    this.#isOver = true;
    this.content.push(null);
    // Whoever reads nothing would keep it from its end.
    if (this.content.readableLength > 0 || !this.content.readableFlowing) this.content.destroy();
  }

  /** Whoever ends it: we, or whoever reads it. */
  onEnd(done: () => void): void {
    if (this.content.closed) done();
    else this.content.once('close', done);
  }

  #send(event: InstanceEvent): void {
    if (this.permits(event)) this.#write(`id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`);
  }

  #write(text: string): void {
    if (this.#isOver || this.content.destroyed) return;
    if (this.content.readableLength + text.length > UNREAD_BYTES) this.content.destroy();
    else this.content.push(text);
  }
}
