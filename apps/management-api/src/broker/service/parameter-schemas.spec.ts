import { parametersOf } from '../http/request-fields';
import { createParameters, jsonSchemaOf } from './parameter-schemas';

const crn = 'crn:v1:bluemix:public:kms:us-south:a/1c8a:ed20abbe-8870-44e6-90f7-56d764c21127::';
const rootKeyId = '5a1b3d1c-0a01-4f0c-9f0e-2f0c7e9f6a2e';

describe('parameters of an order', () => {
  it('are taken as people paste them', () => {
    const parameters = { key_manager_crn: `\ufeff"${crn}"\r\n`, root_key_id: ` ${rootKeyId}\n` };
    expect(parametersOf({ parameters }, createParameters)).toEqual({ key_manager_crn: crn, root_key_id: rootKeyId });
  });

  it.each([
    [{ key_manager_crn: 'crn' }, /key_manager_crn is not the CRN of a Key Protect or Hyper Protect/],
    [{ root_key_id: 'alias' }, /root_key_id is not the id of a root key/],
    [{ location: 'Dallas!' }, /location is not a region/],
    [{ name: '' }, /name does not follow the schema/],
  ])('say what is wrong: %j', (parameters, message) => {
    expect(() => parametersOf({ parameters }, createParameters)).toThrow(message);
  });

  it('have a schema for the catalog', () => {
    expect(jsonSchemaOf(createParameters)).toMatchObject({ properties: { key_manager_crn: { type: 'string' } } });
  });
});
