-- Who may do what in the database tilik. Roles are held by users of 05_users.sql, or by your own. Running this again
-- takes back what is not written here any more: while it runs, for less than a second, readers are refused.

CREATE ROLE IF NOT EXISTS tilik_migrator, tilik_writer, tilik_recorder, tilik_operator, tilik_data_team, tilik_portal,
    tilik_audit, tilik_open_data;

REVOKE ALL ON *.* FROM tilik_migrator, tilik_writer, tilik_recorder, tilik_operator, tilik_data_team, tilik_portal,
    tilik_audit, tilik_open_data;

-- Open data goes through this list. A view of its own, that reads as its maker, so that a row policy may ask it without
-- being asked itself.
CREATE OR REPLACE VIEW tilik.public_cameras
(
    `camera_id` LowCardinality(String) COMMENT 'A camera whose newest revision is approved for the public pages'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT camera_id
FROM tilik.current_cameras
WHERE public
COMMENT 'Cameras that the public may know of; what row policies ask';

-- The aggregation, and tilik recompute: rows in; rows of one ruleset deleted by tilik recompute --replace.
GRANT SELECT, INSERT, ALTER DELETE ON tilik.* TO tilik_writer;

-- What applies migrations: a service with TILIK_AGGREGATE_MIGRATE=true (the default), or tilik store migrate. Whoever
-- does it is the definer of refreshable and of public views: never drop that user.
GRANT tilik_writer TO tilik_migrator;

GRANT CREATE DATABASE, CREATE TABLE, CREATE VIEW, CREATE DICTIONARY, DROP TABLE, DROP VIEW, DROP DICTIONARY, ALTER,
    SYSTEM VIEWS ON tilik.* TO tilik_migrator;

-- The recorder, and tilik evidence retention: both make the index of the record where it is missing or lacks a column, and
-- ask for the database first; what people decided about episodes says how long frames are kept.
GRANT CREATE DATABASE ON tilik.* TO tilik_recorder;

GRANT CREATE TABLE, ALTER ADD COLUMN, SELECT, INSERT ON tilik.recorded_minutes TO tilik_recorder;

GRANT CREATE TABLE, ALTER ADD COLUMN, SELECT, INSERT ON tilik.recorded_evidence TO tilik_recorder;

GRANT SELECT ON tilik.episodes TO tilik_recorder;

GRANT SELECT ON tilik.decisions TO tilik_recorder;

-- City operations, through Grafana: every table and view, how refreshes fare, what tables take of the disk.
GRANT SELECT ON tilik.* TO tilik_operator;

GRANT SELECT ON system.view_refreshes TO tilik_operator;

GRANT SELECT ON system.parts TO tilik_operator;

-- Data teams: the same. decisions and episodes_reviewed name the people who decided.
GRANT SELECT ON tilik.* TO tilik_data_team;

GRANT SELECT ON system.view_refreshes TO tilik_data_team;

-- The portal, which decides by itself who sees which page.
GRANT SELECT ON tilik.* TO tilik_portal;

-- The audit log: of all these roles the portal's alone reads it, and shows it to admins; tilik_audit alone adds to it;
-- none changes or deletes what is in it. After the grants of tilik.*, from which this is taken away again.
REVOKE ALL ON tilik.portal_audit FROM tilik_migrator, tilik_writer, tilik_recorder, tilik_operator, tilik_data_team;

GRANT CREATE TABLE, INSERT ON tilik.portal_audit TO tilik_audit;

-- Anybody: figures of places, and public cameras (03_row_policies.sql). No frame, no case, no name of a person.
GRANT SELECT ON tilik.open_daily_by_kelurahan TO tilik_open_data;

GRANT SELECT ON tilik.public_cameras TO tilik_open_data;

GRANT SELECT ON tilik.flood_daily_by_kelurahan TO tilik_open_data;

GRANT SELECT ON tilik.flood_days TO tilik_open_data;

GRANT SELECT ON tilik.flood_hours TO tilik_open_data;

GRANT SELECT ON tilik.current_cameras TO tilik_open_data;

GRANT SELECT(camera_id, revision, name, kind, kecamatan, kelurahan, latitude, longitude, sample_fps, public, state)
    ON tilik.cameras TO tilik_open_data;
