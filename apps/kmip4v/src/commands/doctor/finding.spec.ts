import { textOfError } from './finding';

it('says of a fault of OpenSSL why, and nothing of its source files', () => {
  const message = 'error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/ssl3_record.c:350:';
  expect(textOfError(Object.assign(new Error(message), { reason: 'wrong version number' }))).toBe(
    'wrong version number',
  );
  expect(textOfError(new Error('connect ECONNREFUSED 127.0.0.1:1'))).toBe('connect ECONNREFUSED 127.0.0.1:1');
});
