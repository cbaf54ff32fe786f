import { Metrics, SummedMetrics } from './index';

function process(requests: number, open: number): Metrics {
  const metrics = new Metrics({ labels: { endpoint: 'kmip-1' } });
  metrics.counter('kmip_requests_total', 'Requests.', ['result']).inc({ result: 'ok' }, requests);
  metrics.histogram('kmip_seconds', 'Time.').observe(0.02);
  metrics.polledGauge('kmip_open', 'Open connections.', () => open);
  metrics.polledGauge('kmip_age', 'Age of a list.', () => open, 'most');
  metrics.polledGauge('kmip_expires', 'End of a certificate.', () => open, 'least');
  return metrics;
}

describe('SummedMetrics', () => {
  it('adds up what processes measure, or takes the worst of it', async () => {
    const processes = [process(2, 3), process(5, 4)];
    const summed: SummedMetrics = new SummedMetrics(async () => {
      for (const [id, metrics] of processes.entries()) summed.take(id, await metrics.values());
    });
    for (const round of [1, 2]) {
      const text = await summed.text();
      expect([round, text]).toEqual([
        round,
        expect.stringContaining('kmip_requests_total{result="ok",endpoint="kmip-1"} 7'),
      ]);
      expect(text).toContain('kmip_open{endpoint="kmip-1"} 7');
      expect(text).toContain('kmip_age{endpoint="kmip-1"} 4');
      expect(text).toContain('kmip_expires{endpoint="kmip-1"} 3');
      expect(text).toContain('kmip_seconds_bucket{le="0.025",endpoint="kmip-1"} 2');
      expect(text).toContain('kmip_seconds_count{endpoint="kmip-1"} 2');
    }
  });

  it('keeps what ended processes have counted, and nothing of what they held', async () => {
    const summed = new SummedMetrics(() => Promise.resolve());
    for (const [id, requests] of [2, 5, 9].entries()) summed.take(id, await process(requests, 4).values());
    summed.end(0);
    summed.end(1);
    summed.end(7);
    const text = await summed.text();
    expect(text).toContain('kmip_requests_total{result="ok",endpoint="kmip-1"} 16');
    expect(text).toContain('kmip_seconds_count{endpoint="kmip-1"} 3');
    expect(text).toContain('kmip_open{endpoint="kmip-1"} 4');
  });

  it('has what a process told last when it says nothing', async () => {
    const summed = new SummedMetrics(() => Promise.resolve());
    expect(await summed.text()).toBe('\n');
    summed.take(1, await process(2, 3).values());
    summed.take(1, await process(3, 3).values());
    expect(await summed.text()).toContain('kmip_requests_total{result="ok",endpoint="kmip-1"} 3');
  });
});
