import { setMaxListeners } from 'node:events';

/**
 * Tells whatever is under way that its owner stops. Each listens until it ends, so as many listen as are under way, and
 * Node would report the eleventh as a leak.
 */
export function stopping(): AbortController {
  const controller = new AbortController();
  setMaxListeners(Infinity, controller.signal);
  return controller;
}
