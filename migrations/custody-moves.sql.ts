import { APPLICATION_ROLE } from './roles';

const CURRENT_INSTANCE = `NULLIF(current_setting('app.instance_id', true), '')::uuid`;

export const TABLES = [
  `CREATE TABLE custody_moves (
    instance_id uuid NOT NULL,
    id uuid NOT NULL,
    move_id uuid NOT NULL,
    from_root_key_id text NOT NULL,
    to_root_key_id text NOT NULL,
    started_at timestamptz(3) NOT NULL,
    claimed_at timestamptz(3),
    CONSTRAINT pk_custody_moves PRIMARY KEY (instance_id, id),
    CONSTRAINT fk_custody_moves_instance FOREIGN KEY (instance_id) REFERENCES instances (id) ON DELETE CASCADE
  )`,
  'CREATE INDEX ix_custody_moves_oldest ON custody_moves (instance_id, started_at)',
  // Whether a root key still holds keys, and which: asked again and again while keys move away from it.
  'CREATE INDEX ix_managed_objects_root_key ON managed_objects (instance_id, root_key_id, id)',
];

export const PROTECTION = [
  'ALTER TABLE custody_moves ENABLE ROW LEVEL SECURITY',
  'ALTER TABLE custody_moves FORCE ROW LEVEL SECURITY',
  `CREATE POLICY tenant ON custody_moves TO ${APPLICATION_ROLE}
    USING (instance_id = ${CURRENT_INSTANCE}) WITH CHECK (instance_id = ${CURRENT_INSTANCE})`,
  `GRANT SELECT, INSERT, UPDATE, DELETE ON custody_moves TO ${APPLICATION_ROLE}`,
];

export const UNDO = ['DROP INDEX ix_managed_objects_root_key', 'DROP TABLE custody_moves'];
