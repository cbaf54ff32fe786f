/**
 * Values of the placeholders in a test case. `$UNIQUE_IDENTIFIER_0` and its like are bound by the first response that
 * shows them; `$NOW`, with seconds added or taken away, follows the time the case was started.
 */
export class Bindings {
  readonly #values = new Map<string, string>();

  constructor(readonly now: Date = new Date('2026-01-02T03:04:05Z')) {}

  static isPlaceholder(text: string): boolean {
    return text.startsWith('$');
  }

  bind(placeholder: string, value: string): void {
    this.#values.set(placeholder, value);
  }

  /** The value in place of a placeholder; `undefined` when nothing was bound yet. */
  resolve(text: string): string | undefined {
    const now = /^\$NOW\s*([+-]\s*\d+)?$/.exec(text);
    if (now === null) return this.#values.get(text);
    const seconds = Number((now[1] ?? '0').replace(/\s/g, ''));
    return new Date(this.now.getTime() + seconds * 1000).toISOString();
  }
}
