import { csvOf } from './csv';

it('is a line for each day', () => {
  const record = {
    id: '',
    href: '',
    ended_at: '',
    started_at: '2026-11-23T00:00:00.000Z',
    live_keys: 42,
    client_certificates: 2,
  };
  expect(csvOf([record])).toBe('day,live_keys,client_certificates\r\n2026-11-23,42,2\r\n');
});
