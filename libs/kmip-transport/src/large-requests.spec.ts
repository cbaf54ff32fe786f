import { LargeRequests } from './large-requests';

const KIB = 1_024;

describe('LargeRequests', () => {
  it('lets large requests in while there is room, and takes the room back', () => {
    const requests = new LargeRequests(1_000 * KIB);
    const [first, second] = [requests.account(), requests.account()];
    expect(first.hold(400 * KIB)).toBe(true);
    expect(first.hold(700 * KIB)).toBe(true);
    expect(second.hold(400 * KIB)).toBe(false);
    expect(first.hold(100 * KIB)).toBe(true);
    expect(second.hold(400 * KIB)).toBe(true);
    first.hold(0);
    second.hold(0);
    expect(first.hold(1_000 * KIB)).toBe(true);
  });

  it('counts no small request', () => {
    const requests = new LargeRequests(100 * KIB);
    expect(requests.account().hold(100 * KIB)).toBe(true);
    expect(Array.from({ length: 1_000 }, () => requests.account().hold(64 * KIB))).not.toContain(false);
  });
});
