import { randomUUID } from 'node:crypto';
import { type FastifyRequest } from 'fastify';

/** An error of the token endpoint. */
export class TokenEndpointError extends Error {
  constructor(
    readonly status: number,
    readonly errorCode: string,
    message: string,
  ) {
    super(message);
  }
}

export function tokenEndpointBody(request: FastifyRequest, error: TokenEndpointError): object {
  const now = new Date().toUTCString();
  return {
    context: {
      requestId: randomUUID(),
      requestType: 'incoming.Identity_Token',
      userAgent: request.headers['user-agent'] ?? '',
      clientIp: request.ip,
      url: 'https://iam.cloud.ibm.com',
      instanceId: 'local-cloud',
      host: 'local-cloud',
      startTime: now,
      endTime: now,
      elapsedTime: '0',
      locale: 'en_US',
    },
    errorCode: error.errorCode,
    errorMessage: error.message,
  };
}

/** An error of IAM's other APIs (identity records, policy decisions). */
export class IamApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly messageCode: string,
    message: string,
  ) {
    super(message);
  }

  body(): object {
    return {
      trace: randomUUID(),
      errors: [{ code: this.code, message_code: this.messageCode, message: this.message }],
      status_code: this.status,
    };
  }
}
