import { type AuditEvent, type AuditRecord } from '@lib/audit';
import { type Clock, type InstanceId, toFingerprint } from '@lib/kernel';
import { type DirectoryEntry } from '@lib/tenancy';

import { CertificateExpiry } from './certificate-expiry';

const DAY_MS = 86_400_000;
const START = Date.parse('2026-11-24T12:00:00Z');

describe('CertificateExpiry', () => {
  let now = START;
  let recorded: AuditEvent[] = [];
  let ends: Date[] = [];
  let asked = 0;
  const gauge = new Map<number, number>();
  const clock: Clock = { now: () => new Date(now), monotonicMs: () => now };
  const makeExpiry = () =>
    new CertificateExpiry({
      clock,
      directory: {
        nextListing: ({ after }) => {
          const all = ends.map((notAfter, index) => ({
            instanceId: `i${index}` as InstanceId,
            certificateId: `c${index}`,
            certificateName: `vc-${index}`,
            fingerprint: toFingerprint('ab'.repeat(32)),
            notAfter,
          })) as unknown as DirectoryEntry[];
          const [entry, ...further] = all.filter(({ instanceId }) => after === undefined || instanceId > after);
          const page = { former: [], credentials: [], current: entry === undefined ? [] : [entry] };
          return Promise.resolve(entry && further.length > 0 ? { ...page, last: entry.instanceId } : page);
        },
      },
      sink: { record: (event) => Promise.resolve(void recorded.push(event)) },
      trail: {
        list: (_id, { targetId }) => {
          asked += 1;
          return Promise.resolve(
            recorded.filter(({ target }) => target?.id === targetId).map((event) => ({ event }) as AuditRecord),
          );
        },
        find: () => Promise.resolve(undefined),
      },
      gauge: (days, count) => gauge.set(days, count),
    });
  let expiry = makeExpiry();
  const notices = (): unknown[] => recorded.map(({ details }) => details?.['noticeDays']);

  beforeEach(() => {
    now = START;
    recorded = [];
    asked = 0;
    expiry = makeExpiry();
  });

  it('gives each notice once, on its day', async () => {
    ends = [new Date(START + 100.5 * DAY_MS)];
    for (let day = 0; day < 103; day++) {
      await expiry.round();
      await expiry.round();
      now += DAY_MS;
    }
    expect(notices()).toEqual([90, 60, 30, 14, 7, 1]);
  });

  it('asks the trail once for each notice, and again after a restart', async () => {
    ends = [new Date(START + 10 * DAY_MS), new Date(START + 400 * DAY_MS)];
    for (let round = 0; round < 3; round += 1) await expiry.round();
    expect(asked).toBe(1);
    expiry = makeExpiry();
    await expiry.round();
    expect([asked, notices()]).toEqual([2, [14]]);
  });

  it('does not tell late what was missed while nobody looked', async () => {
    ends = [new Date(START + 10 * DAY_MS)];
    await expiry.round();
    expect(notices()).toEqual([14]);
  });

  it('counts by what is left', async () => {
    ends = [-1, 0.5, 6, 80, 400].map((days) => new Date(START + days * DAY_MS));
    await expiry.round();
    expect([0, 1, 7, 30, 90].map((days) => gauge.get(days))).toEqual([1, 2, 3, 3, 4]);
  });
});
