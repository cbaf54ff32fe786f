/** Roles by their display name, as policies name them in the admin API. */
export const PLATFORM_ROLES = ['Viewer', 'Operator', 'Editor', 'Administrator'] as const;
const SERVICE_ROLES = ['Reader', 'ReaderPlus', 'Writer', 'Manager', 'KeyPurge', 'VMwareKMIPManager'] as const;
export const ROLES = [...PLATFORM_ROLES, ...SERVICE_ROLES] as const;

export type RoleName = (typeof ROLES)[number];

export const isPlatformRole = (role: string): boolean => PLATFORM_ROLES.some((known) => known === role);

export const roleCrn = (role: string): string =>
  `crn:v1:bluemix:public:iam::::${isPlatformRole(role) ? 'role' : 'serviceRole'}:${role}`;
