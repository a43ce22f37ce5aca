-- Users, locked: HOST NONE lets nobody in. To open one, give it a password that no file holds, and say from where:
--   ALTER USER tilik_grafana IDENTIFIED WITH sha256_password BY '…' HOST IP '10.0.0.0/8';

CREATE USER IF NOT EXISTS tilik_aggregate IDENTIFIED WITH no_password HOST NONE DEFAULT ROLE tilik_migrator;

CREATE USER IF NOT EXISTS tilik_record IDENTIFIED WITH no_password HOST NONE DEFAULT ROLE tilik_recorder;

CREATE USER IF NOT EXISTS tilik_grafana IDENTIFIED WITH no_password HOST NONE DEFAULT ROLE tilik_operator;

CREATE USER IF NOT EXISTS tilik_analyst IDENTIFIED WITH no_password HOST NONE DEFAULT ROLE tilik_data_team;

CREATE USER IF NOT EXISTS tilik_web IDENTIFIED WITH no_password HOST NONE DEFAULT ROLE tilik_portal;

CREATE USER IF NOT EXISTS tilik_web_audit IDENTIFIED WITH no_password HOST NONE DEFAULT ROLE tilik_audit;

CREATE USER IF NOT EXISTS tilik_public IDENTIFIED WITH no_password HOST NONE DEFAULT ROLE tilik_open_data;

GRANT tilik_migrator TO tilik_aggregate;

GRANT tilik_recorder TO tilik_record;

GRANT tilik_operator TO tilik_grafana;

GRANT tilik_data_team TO tilik_analyst;

GRANT tilik_portal TO tilik_web;

GRANT tilik_audit TO tilik_web_audit;

GRANT tilik_open_data TO tilik_public;
