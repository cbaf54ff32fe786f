import { pickAccount } from './account';

describe('pickAccount', () => {
  const nobody = 'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin';

  it.each([
    ['prefers postgres', `${nobody}\npostgres:x:101:104:,,,:/var/lib/postgresql:/bin/bash\n`, 'postgres', 101, 104],
    ['takes nobody', `root:x:0:0:root:/root:/bin/bash\n${nobody}\n`, 'nobody', 65534, 65534],
  ])('%s', (_, passwd, name, uid, gid) => {
    expect(pickAccount(passwd)).toEqual({ name, uid, gid });
  });

  it('finds none in a passwd file without them', () => {
    expect(pickAccount('root:x:0:0:root:/root:/bin/bash\n')).toBeUndefined();
  });
});
