import { SERVICE_INSTANCE_FAULTS, ServiceInstanceError } from '@lib/service-instances';

import { OFFER } from '../../../test/broker-app';
import { initiatorOf } from './originating-identity';
import { OsbError, toOsbError } from './osb-error';

const encoded = (text: string): string => Buffer.from(text).toString('base64');

describe('initiatorOf', () => {
  it.each<[string, string | undefined, object]>([
    [
      'JSON with an iam_id',
      `ibmcloud ${encoded('{"iam_id":"IBMid-1","sub":"a@b"}')}`,
      { kind: 'user', iamId: 'IBMid-1' },
    ],
    ['a bare id', `ibmcloud ${encoded('ibmid-456345X')}`, { kind: 'user', iamId: 'ibmid-456345X' }],
    [
      'another platform',
      `kubernetes ${encoded('{"username":"duke"}')}`,
      { kind: 'user', iamId: '{"username":"duke"}' },
    ],
    ['control characters', `ibmcloud ${encoded('{"iam_id":"a\\u0000\\u2028b"}')}`, { kind: 'user', iamId: 'a  b' }],
    ['an iam_id that is no text', `ibmcloud ${encoded('{"iam_id":7}')}`, { kind: 'user', iamId: '{"iam_id":7}' }],
    ['no value', 'ibmcloud', { kind: 'system', component: 'catalog' }],
    ['nothing', undefined, { kind: 'system', component: 'catalog' }],
    ['an empty value', `ibmcloud ${encoded(' ')}`, { kind: 'system', component: 'catalog' }],
  ])('reads %s', (_what, header, initiator) => {
    expect(initiatorOf(header)).toEqual(initiator);
  });

  it('keeps a bounded part of a long id', () => {
    expect(initiatorOf(`ibmcloud ${encoded('x'.repeat(9_999))}`)).toEqual({ kind: 'user', iamId: 'x'.repeat(256) });
  });
});

describe('toOsbError', () => {
  it.each(SERVICE_INSTANCE_FAULTS)('has a status below 500 and a text for people for %s', (fault) => {
    const answer = toOsbError(new ServiceInstanceError(fault, 'what happened'));
    expect(answer?.status).toBeLessThan(500);
    expect(answer?.body).toMatchObject({ description: 'what happened' });
  });

  it('leaves what it does not know to fixed text', () => {
    for (const bug of [new TypeError('inside'), Object.assign(new Error(), { code: 'toString' }), 'text', undefined]) {
      expect(toOsbError(bug)).toBeUndefined();
    }
  });

  it('carries the reserved words of the specification only with 422', () => {
    for (const fault of SERVICE_INSTANCE_FAULTS) {
      const answer = toOsbError(new ServiceInstanceError(fault, 'x'));
      expect(answer instanceof OsbError && (answer.word === undefined || answer.status === 422)).toBe(true);
    }
  });
});

describe('the catalog', () => {
  const { services } = JSON.parse(OFFER.catalogText) as {
    services: { plans: { id: string; schemas: { service_instance: { create: { parameters: object } } } }[] }[];
  };

  it('describes parameters in JSON Schema draft 4, closed, and with no place for an API key', () => {
    for (const { schemas } of services[0]?.plans ?? []) {
      const { parameters } = schemas.service_instance.create;
      expect(parameters).toMatchObject({
        $schema: 'http://json-schema.org/draft-04/schema#',
        type: 'object',
        additionalProperties: false,
      });
      expect(JSON.stringify(parameters)).not.toMatch(/api_?key|secret|password/i);
    }
  });
});
