import { randomUUID } from 'node:crypto';

import { type TestDatabase } from './test-postgres';

const ROLES = ['kmip_app', 'kmip_directory', 'kmip_audit', 'kmip_gateway', 'kmip_api'];

/**
 * Gives an empty database to a user who is no superuser, as that of a managed service is. The roles of the product are
 * there, made by another database of the server perhaps.
 * @param attributes as `CREATE ROLE` takes them
 * @param granted false where no administrator has granted the roles
 */
export async function ordinaryOwner(
  database: TestDatabase,
  attributes: string,
  granted = true,
): Promise<TestDatabase['connection']> {
  const admin = await database.openAdmin();
  const { password, database: name } = database.connection;
  const user = `owner_${randomUUID().replaceAll('-', '')}`;
  await admin.query(`CREATE ROLE ${user} LOGIN ${attributes} PASSWORD '${password}'`);
  await admin.query(`ALTER DATABASE ${name} OWNER TO ${user}`);
  const made = ROLES.map(
    (role) => `BEGIN CREATE ROLE ${role} NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END;`,
  );
  await admin.query(`DO $$ BEGIN ${made.join(' ')} END $$`);
  if (granted) await admin.query(`GRANT ${ROLES.join(', ')} TO ${user} WITH ADMIN OPTION`);
  return { ...database.connection, user };
}
