-- Two roles and an empty database. The one owns the tables and is used by `hotline init` and
-- `hotline upgrade` alone; the other is the services' and can change neither tables nor log.
-- Passwords come from the environment, so that no list of processes shows them (PostgreSQL 14+):
--   OWNER_PASSWORD=… APP_PASSWORD=… runuser -u postgres -- psql -v ON_ERROR_STOP=1 < postgresql.sql
\getenv owner OWNER_PASSWORD
\getenv app APP_PASSWORD
CREATE ROLE hotline_owner LOGIN PASSWORD :'owner';
CREATE ROLE hotline_app LOGIN PASSWORD :'app';
CREATE DATABASE hotline OWNER hotline_owner TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
REVOKE ALL ON DATABASE hotline FROM PUBLIC;
GRANT CONNECT ON DATABASE hotline TO hotline_app;
\connect hotline
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO hotline_app;
