/** What a page asks for a while after somebody did something is still asked for by him. */
const ATTENTIVE_MS = 30_000;

let lastAct = Date.now();

for (const event of ['pointerdown', 'keydown', 'wheel', 'touchstart'] as const) {
  if (typeof window !== 'undefined') {
    window.addEventListener(event, () => (lastAct = Date.now()), { passive: true, capture: true });
  }
}

/**
 * Whether nobody did anything lately: what the page asks for then, because an event or a clock told it to, must not keep
 * the session alive for somebody who has gone home.
 */
export const isBackground = (now: number = Date.now()): boolean => now - lastAct > ATTENTIVE_MS;
