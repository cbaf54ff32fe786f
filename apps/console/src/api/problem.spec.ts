import { Problem } from './problem';

const refusal = (text: string, headers: Record<string, string> = {}): Problem =>
  Problem.from(new Response(null, { status: 503, headers }), text);

describe('a problem', () => {
  it('has the faults and the correlation id of the answer', () => {
    const { faults, trace } = refusal(
      '{"errors":[{"code":"service_unavailable","message":"Away.","more_info":"x"}],"trace":"t-1","status_code":503}',
    );
    expect(faults).toEqual([{ code: 'service_unavailable', message: 'Away.', more_info: 'x' }]);
    expect(trace).toBe('t-1');
  });

  it.each(['', '<html>Bad gateway</html>', '{"errors":"no"}', 'null', '[]'])(
    'bears the answer of a stranger: %s',
    (text) => {
      const { faults, trace, passing } = refusal(text, { 'x-correlation-id': 't-2' });
      expect({ faults, trace, passing }).toEqual({ faults: [], trace: 't-2', passing: true });
    },
  );

  it('says how long to wait', () => {
    expect(refusal('', { 'retry-after': '7' }).retryAfterSeconds).toBe(7);
    expect(refusal('', { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }).retryAfterSeconds).toBeUndefined();
  });
});
