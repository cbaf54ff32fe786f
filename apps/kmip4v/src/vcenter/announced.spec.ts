import { announcedRemarks } from './announced';

describe('a server certificate that is announced', () => {
  const next = { pem: '', sha256: 'ab'.repeat(32), sha1: '', expiresAt: '2029-02-03T04:05:06.000Z' };
  const endpoint = (name: string) => ({ name, address: name, port: 5696 });

  it('is told of once for the endpoints that will present it', () => {
    const [remark, ...others] = announcedRemarks(['kmip-1', 'kmip-2'].map((name) => ({ ...endpoint(name), next })));
    expect(others).toEqual([]);
    expect(remark).toContain('for kmip-1 and kmip-2: SHA-256 AB:AB:');
    expect(remark).toContain('until 2029-02-03');
  });

  it('is told of for the one that does not present it yet', () => {
    const [remark] = announcedRemarks([endpoint('kmip-1'), { ...endpoint('kmip-2'), next }]);
    expect(remark).toContain('for kmip-2:');
    expect(announcedRemarks([endpoint('kmip-1'), endpoint('kmip-2')])).toEqual([]);
  });
});
