import { Secret } from '@lib/kernel';

import { webhookHeaders } from './webhook-signature';

describe('webhookHeaders', () => {
  it('are those of Standard Webhooks, by its published example', () => {
    const secret = Secret.of(Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64'));
    const body = Buffer.from('{"test": 2432232314}');
    expect(webhookHeaders(secret, 'msg_p5jXN8AQM9LWM0D4loKWxJek', new Date(1_614_265_330_000), body)).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });
});
