/** Processes that are killed, stopped and cut off; by their names at the supervisor. */
export const SERVERS = ['kmip-gateway-1', 'kmip-gateway-2', 'management-api'] as const;
export type ServerName = (typeof SERVERS)[number];
export type ProcessName = ServerName | 'local-cloud' | 'postgres';
export type LinkName = `clients of ${'kmip-gateway-1' | 'kmip-gateway-2'}` | `${ServerName} to ${'postgres' | 'cloud'}`;

export const LINKS: readonly LinkName[] = [
  'clients of kmip-gateway-1',
  'clients of kmip-gateway-2',
  ...SERVERS.flatMap((name) => [`${name} to postgres`, `${name} to cloud`] as const),
];
