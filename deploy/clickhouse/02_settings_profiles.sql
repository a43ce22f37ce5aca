-- What a query of each role may take. Readers have readonly = 1: they change nothing, and no setting but the ones that
-- say CHANGEABLE_IN_READONLY. Grafana's data source sets max_execution_time on every query, so that is one of them:
-- never readonly = 2, with which a reader may lift every limit. CHANGEABLE_IN_READONLY needs
-- access_control_improvements.settings_constraints_replace_previous = true in the server's configuration, or the server
-- refuses these statements and says so. Source: ClickHouse, "Constraints on settings"; Grafana, "Prepare ClickHouse".
-- Limits fit a server of 8 cores and 32 GiB; over 1,100 cameras and 30 days the documented questions take 0.2 s and
-- some 10 million rows.

CREATE SETTINGS PROFILE OR REPLACE tilik_operator SETTINGS
    readonly = 1,
    max_execution_time = 30 MIN 1 MAX 120 CHANGEABLE_IN_READONLY,
    session_timezone = 'UTC' CHANGEABLE_IN_READONLY,
    max_memory_usage = 4000000000,
    max_rows_to_read = 2000000000,
    max_result_rows = 1000000,
    max_threads = 4,
    max_concurrent_queries_for_user = 40
TO tilik_operator;

CREATE SETTINGS PROFILE OR REPLACE tilik_data_team SETTINGS
    readonly = 1,
    max_execution_time = 120 MIN 1 MAX 600 CHANGEABLE_IN_READONLY,
    session_timezone = 'UTC' CHANGEABLE_IN_READONLY,
    date_time_output_format = 'simple' CHANGEABLE_IN_READONLY,
    format_csv_delimiter = ',' CHANGEABLE_IN_READONLY,
    max_memory_usage = 8000000000,
    max_bytes_before_external_group_by = 4000000000,
    max_bytes_before_external_sort = 4000000000,
    max_rows_to_read = 20000000000,
    max_threads = 4,
    max_concurrent_queries_for_user = 8
TO tilik_data_team;

CREATE SETTINGS PROFILE OR REPLACE tilik_portal SETTINGS
    readonly = 1,
    max_execution_time = 5 MIN 1 MAX 15 CHANGEABLE_IN_READONLY,
    max_memory_usage = 1000000000,
    max_rows_to_read = 500000000,
    max_result_rows = 100000,
    max_threads = 2,
    max_concurrent_queries_for_user = 40
TO tilik_portal;

CREATE SETTINGS PROFILE OR REPLACE tilik_open_data SETTINGS
    readonly = 1,
    max_execution_time = 10 MIN 1 MAX 10 CHANGEABLE_IN_READONLY,
    session_timezone = 'UTC' CHANGEABLE_IN_READONLY,
    max_memory_usage = 1000000000,
    max_rows_to_read = 100000000,
    max_result_rows = 100000,
    max_threads = 2,
    max_concurrent_queries_for_user = 4
TO tilik_open_data;

CREATE SETTINGS PROFILE OR REPLACE tilik_writer SETTINGS
    max_memory_usage = 8000000000,
    max_execution_time = 600
TO tilik_writer, tilik_migrator, tilik_recorder, tilik_audit;
