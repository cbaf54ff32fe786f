import { Metrics } from './index';

describe('Metrics', () => {
  it('writes the Prometheus text format', async () => {
    const metrics = new Metrics({ labels: { endpoint: 'kmip-1' } });
    metrics.counter('kmip_handshakes_total', 'Handshakes by outcome.', ['outcome']).inc({ outcome: 'ok' }, 2);
    metrics.gauge('kmip_connections', 'Open connections.').set(7);

    const text = await metrics.text();

    expect(text).toContain('kmip_handshakes_total{outcome="ok",endpoint="kmip-1"} 2');
    expect(text).toContain('kmip_connections{endpoint="kmip-1"} 7');
  });

  it('keeps registries apart', async () => {
    new Metrics().gauge('kmip_connections', 'Open connections.').set(1);
    expect(await new Metrics().text()).not.toContain('kmip_connections');
  });

  it('reads a polled gauge when it is asked, and not before', async () => {
    const metrics = new Metrics();
    let open = 1;
    metrics.polledGauge('kmip_connections', 'Open connections.', () => open);
    open = 3;
    expect(await metrics.text()).toContain('kmip_connections 3');
  });

  it('refuses names outside of the product', () => {
    expect(() => new Metrics().counter('requests_total', 'x')).toThrow('requests_total');
  });
});
