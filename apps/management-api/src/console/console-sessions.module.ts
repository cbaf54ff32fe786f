import { setTimeout as pause } from 'node:timers/promises';

import { Global, Inject, Module, type OnModuleDestroy } from '@nestjs/common';

import { type ManagementApiConfig } from '@lib/config';
import { type Clock } from '@lib/kernel';
import { type Logger } from '@lib/observability';
import { PostgresConsoleLogins, PostgresConsoleSessions } from '@lib/persistence';
import { CLOCK, LOGGER, onDatabase } from '@lib/platform';
import { CredentialSealer } from '@lib/tenancy';

import { TokenVerifier } from '../auth/token-verifier';
import { CALLER_CREDENTIALS } from '../http/tokens';
import { iamIssuerOf, MANAGEMENT_CONFIG, publicUrlOf } from '../management-config.module';
import { ConsoleMisconfigured } from './console-misconfigured';
import { ConsoleCredentials } from './http/console-credentials';
import { IamDiscovery } from './iam/iam-discovery';
import { IamLogin } from './iam/iam-login';
import { ConsoleLogins } from './session/console-logins';
import { ConsoleSessions } from './session/console-sessions';
import { SessionWatch } from './session/session-watch';
import { IAM_LOGIN } from './tokens';

const iamLogin = {
  provide: IAM_LOGIN,
  inject: [MANAGEMENT_CONFIG, TokenVerifier, CLOCK, LOGGER],
  useFactory: (config: ManagementApiConfig, verifier: TokenVerifier, clock: Clock, logger: Logger) => {
    const { consoleClientId: clientId, consoleClientSecret: clientSecret, iamUrl } = config;
    if ((clientId === undefined) !== (clientSecret === undefined)) {
      throw new ConsoleMisconfigured('CONSOLE_CLIENT_ID and CONSOLE_CLIENT_SECRET are set together or not at all');
    }
    if (clientId === undefined || clientSecret === undefined) return undefined;
    const publicUrl = publicUrlOf(config);
    if (!keepsCookies(publicUrl)) {
      throw new ConsoleMisconfigured(
        'CONSOLE_CLIENT_ID needs a MANAGEMENT_PUBLIC_URL with https: over http, browsers keep its cookies on 127.0.0.1 and localhost alone',
      );
    }
    const options = {
      clientId,
      clientSecret,
      redirectUri: `${publicUrl}/console/callback`,
      insecure: iamUrl.startsWith('http:'),
    };
    const discovery = new IamDiscovery({ iamUrl, issuer: iamIssuerOf(config) }, clock, logger);
    return new IamLogin(options, discovery, verifier, clock, logger);
  },
};

/** `Secure` is taken by browsers from who is encrypted, and from the machine itself. */
function keepsCookies(publicUrl: string): boolean {
  const { protocol, hostname } = new URL(publicUrl);
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}

const sessions = {
  provide: ConsoleSessions,
  inject: [PostgresConsoleSessions, CredentialSealer, IAM_LOGIN, MANAGEMENT_CONFIG, CLOCK, LOGGER],
  useFactory: (
    store: PostgresConsoleSessions,
    sealer: CredentialSealer,
    iam: IamLogin | undefined,
    { consoleIdleMinutes, consoleSessionHours }: ManagementApiConfig,
    clock: Clock,
    logger: Logger,
  ) => {
    const limits = { idleMs: consoleIdleMinutes * 60_000, absoluteMs: consoleSessionHours * 3_600_000 };
    return new ConsoleSessions({ store, sealer, iam, clock, limits, logger, pause });
  },
};

const watch = {
  provide: SessionWatch,
  inject: [ConsoleSessions, LOGGER],
  useFactory: (of: ConsoleSessions, logger: Logger) => new SessionWatch({ sessions: of, logger }),
};

/** Undefined where nobody can sign in. */
const logins = {
  provide: ConsoleLogins,
  inject: [PostgresConsoleLogins, CredentialSealer, IAM_LOGIN, CLOCK],
  useFactory: (store: PostgresConsoleLogins, sealer: CredentialSealer, iam: IamLogin | undefined, clock: Clock) =>
    iam && new ConsoleLogins({ store, sealer, iam, clock }),
};

/** Who is signed in to the console: to the tenant API he is the caller whose token his session holds. */
@Global()
@Module({
  providers: [
    onDatabase(PostgresConsoleSessions),
    onDatabase(PostgresConsoleLogins),
    iamLogin,
    sessions,
    watch,
    logins,
    { provide: CALLER_CREDENTIALS, useClass: ConsoleCredentials },
  ],
  exports: [PostgresConsoleLogins, ConsoleSessions, ConsoleLogins, CALLER_CREDENTIALS],
})
export class ConsoleSessionsModule implements OnModuleDestroy {
  constructor(@Inject(SessionWatch) private readonly watched: SessionWatch) {}

  onModuleDestroy(): void {
    this.watched.stop();
  }
}
