import { FORMER_ROOT_KEY_COLUMNS } from './former-root-key-view';

it('names the root key that is not to be deleted yet by its own id, which the key manager knows', () => {
  const [, [heading, text] = []] = FORMER_ROOT_KEY_COLUMNS;
  const crn = 'crn:v1:bluemix:public:kms:us-south:a/1:2:key:33c23396-0b74-45c0-8ed8-c200524d0b09';
  expect([heading, text?.({ crn } as never)]).toEqual(['root key', '33c23396-0b74-45c0-8ed8-c200524d0b09']);
});
