import { type NoteOfWork } from '../ports/note-of-work';

/** What a look at the stored keys of a note came to: how many were removed, or that some have to stay for now. */
export type Look = { readonly removed: number } | 'stays';

/**
 * Whether the note that a Create or a move left behind may be closed. Never by one look: a search may lag, and what is
 * not closed is looked for again. It is when a look long before found nothing left, and this one again.
 * - `close`: two looks in a row, the staleness of a note apart, found nothing left
 * - `again`: nothing is left now; the next look decides
 * - `wait`: something has to stay
 */
export function judgeNote({ clearSince }: NoteOfWork, look: Look): 'close' | 'again' | 'wait' {
  if (look === 'stays') return 'wait';
  return look.removed === 0 && clearSince !== undefined ? 'close' : 'again';
}
