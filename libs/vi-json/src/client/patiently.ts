import type { ViResponse } from './transport';
import { ViConnectionError } from './vi-connection.error';

export const CALL_TIMEOUT_MS = 60_000;
const RETRIED_STATUSES = [502, 503, 504];
const RETRY_DELAY_MS = 500;
const ATTEMPTS = 3;

/** Sends again what may be repeated, while vCenter cannot be reached or the proxy in front of it is not ready. */
export async function patiently(repeatable: boolean, send: () => Promise<ViResponse>): Promise<ViResponse> {
  for (let attempt = 1; ; attempt++) {
    const last = !repeatable || attempt === ATTEMPTS;
    try {
      const answer = await send();
      if (last || !RETRIED_STATUSES.includes(answer.status)) return answer;
    } catch (error) {
      if (last || !(error instanceof ViConnectionError) || error.code !== 'unreachable') throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY_MS * attempt));
  }
}

/** Until when one call is waited for; `signal` ends it before. */
export function deadline(signal: AbortSignal | undefined, timeoutMs = CALL_TIMEOUT_MS): AbortSignal {
  const timeout = AbortSignal.timeout(timeoutMs);
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
}
