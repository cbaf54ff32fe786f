-- Once, by an administrator, in the database of the product: how PgBouncer learns whom to let in.
CREATE ROLE pgbouncer LOGIN PASSWORD 'CHANGE-pgbouncer';
CREATE FUNCTION pgbouncer_login(wanted text) RETURNS TABLE (usename name, passwd text)
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$ SELECT s.usename, s.passwd FROM pg_shadow s WHERE s.usename = wanted AND NOT s.usesuper $$;
REVOKE ALL ON FUNCTION pgbouncer_login(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pgbouncer_login(text) TO pgbouncer;
