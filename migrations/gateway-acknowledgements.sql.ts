import { APPLICATION_ROLE } from './roles';

/**
 * Both belong to the region and not to a tenant: which process has taken in the changes up to which snapshot of the
 * database, for everything and, newer, for single instances.
 */
export const TABLES = [
  `CREATE TABLE gateway_processes (
    process_id uuid NOT NULL,
    endpoint text NOT NULL,
    position text NOT NULL,
    seen_at timestamptz(3) NOT NULL,
    CONSTRAINT pk_gateway_processes PRIMARY KEY (process_id)
  )`,
  `CREATE TABLE gateway_acknowledgements (
    process_id uuid NOT NULL,
    changed_instance uuid NOT NULL,
    position text NOT NULL,
    CONSTRAINT pk_gateway_acknowledgements PRIMARY KEY (process_id, changed_instance),
    CONSTRAINT fk_gateway_acknowledgements_process
      FOREIGN KEY (process_id) REFERENCES gateway_processes (process_id) ON DELETE CASCADE
  )`,
];

export const PROTECTION = [
  `GRANT SELECT, INSERT, UPDATE, DELETE ON gateway_processes, gateway_acknowledgements TO ${APPLICATION_ROLE}`,
];

export const UNDO = ['DROP TABLE gateway_acknowledgements', 'DROP TABLE gateway_processes'];
