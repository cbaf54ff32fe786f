import { z } from 'zod';

const environmentSchema = z.object({
  LOCAL_CLOUD_HOST: z.string().min(1).default('127.0.0.1'),
  /** 0 lets the system choose; the chosen port is in local-cloud.json. */
  LOCAL_CLOUD_PORT: z.coerce.number().int().min(0).max(65535).default(7070),
  LOCAL_CLOUD_DATA: z.string().min(1).default('.data/local-cloud'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
});

export interface LocalCloudConfig {
  readonly host: string;
  readonly port: number;
  readonly dataFolder: string;
  readonly logLevel: string;
}

/** @throws Error that names each faulty variable, without its value. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): LocalCloudConfig {
  const parsed = environmentSchema.safeParse(environment);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`configuration is not usable: ${faults.join('; ')}`);
  }
  const { data } = parsed;
  return {
    host: data.LOCAL_CLOUD_HOST,
    port: data.LOCAL_CLOUD_PORT,
    dataFolder: data.LOCAL_CLOUD_DATA,
    logLevel: data.LOG_LEVEL,
  };
}
