import { announce, MovableClock, urlOf } from '@lib/stand-in';
import { type FastifyInstance } from 'fastify';
import { registerAdmin } from './admin/admin.routes';
import { Behaviour } from './behaviour';
import { type Cloud } from './cloud';
import { newFaultBoard } from './http/faults';
import { RequestLog } from './http/request-log';
import { createServer } from './http/server';
import { AccessPolicies } from './iam/access-policies';
import { registerIam } from './iam/iam.routes';
import { LoginSessions } from './iam/login-sessions';
import { readSettings, TokenIssuer } from './iam/token-issuer';
import { Store } from './journal/store';
import { registerKeyProtect } from './key-protect/key-protect.routes';
import { registerMetering } from './metering/metering.routes';
import { registerResourceController } from './resource-controller/resource-controller.routes';

export interface LocalCloudOptions {
  /** Default 127.0.0.1: this is a stand-in for development and must not face a network. */
  readonly host?: string | undefined;
  /** Default 0: the system chooses. */
  readonly port?: number | undefined;
  /** Absent: everything lives in memory and ends with the process. */
  readonly dataFolder?: string | undefined;
  /** Absent: no log. */
  readonly logLevel?: string | undefined;
  readonly issuer?: string | undefined;
  readonly tokenLifetimeSeconds?: number | undefined;
}

export interface LocalCloud {
  readonly app: FastifyInstance;
  readonly clock: MovableClock;
  readonly url: string;
  readonly adminUrl: string;
  start(): Promise<LocalCloud>;
  close(): Promise<void>;
}

const DEFAULT_ISSUER = 'https://iam.cloud.ibm.com/identity';
/** IAM's own default, which an account may only shorten. */
const TOKEN_LIFETIME_SECONDS = 3600;

/** Builds the stand-in for IAM, Key Protect, HPCS and the resource controller; nothing listens before `start`. */
export async function createLocalCloud(options: LocalCloudOptions = {}): Promise<LocalCloud> {
  const { dataFolder, host = '127.0.0.1' } = options;
  const store = dataFolder === undefined ? Store.inMemory() : await Store.open(dataFolder);
  const clock = new MovableClock();
  clock.moveTo(readSettings(store).clockOffsetMs);
  const app = createServer(options.logLevel);
  let url = '';
  const cloud: Cloud = {
    store,
    clock,
    tokens: new TokenIssuer(
      store,
      options.issuer ?? DEFAULT_ISSUER,
      options.tokenLifetimeSeconds ?? TOKEN_LIFETIME_SECONDS,
    ),
    logins: new LoginSessions(store, clock),
    access: new AccessPolicies(store),
    faults: newFaultBoard(),
    requests: new RequestLog(),
    behaviour: new Behaviour(),
    baseUrl: () => url,
  };
  registerAdmin(app, cloud);
  registerIam(app, cloud);
  registerKeyProtect(app, cloud);
  registerResourceController(app, cloud);
  registerMetering(app, cloud);

  const localCloud: LocalCloud = {
    app,
    clock,
    get url() {
      return url;
    },
    get adminUrl() {
      return `${url}/admin`;
    },
    async start() {
      await app.listen({ host, port: options.port ?? 0 });
      url = urlOf('http', host, app.server);
      await announce(dataFolder, 'local-cloud', url);
      return localCloud;
    },
    async close() {
      await app.close();
      await store.close();
    },
  };
  return localCloud;
}
