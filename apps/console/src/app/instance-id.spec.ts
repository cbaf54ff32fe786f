import { instanceIdOf } from './instance-id';

const ID = '793ff3d3-9fe3-4329-9ea0-404703a3c371';

it.each([
  [ID, ID],
  [`crn:v1:bluemix:public:kmip-for-vmware:us-south:a/1c8ae972c35e470d994b6faff9494ce1:${ID}::`, ID],
  ['crn:v1:bluemix', undefined],
  ['../../v1', undefined],
  ['<script>', undefined],
  ['', undefined],
])('%s names %s', (given, id) => {
  expect(instanceIdOf(given)).toBe(id);
});
