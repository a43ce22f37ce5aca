-- How much a user may ask in an hour. Grafana asks as one user for everybody: its quota is what 40 people's dashboards
-- take who refresh them each minute. One user of open data can't keep the others waiting.

CREATE QUOTA OR REPLACE tilik_operator KEYED BY user_name
    FOR INTERVAL 1 hour MAX queries = 60000, execution_time = 36000
TO tilik_operator;

CREATE QUOTA OR REPLACE tilik_data_team KEYED BY user_name
    FOR INTERVAL 1 hour MAX queries = 5000, read_rows = 200000000000, execution_time = 7200
TO tilik_data_team;

CREATE QUOTA OR REPLACE tilik_portal KEYED BY user_name
    FOR INTERVAL 1 hour MAX queries = 200000, execution_time = 36000
TO tilik_portal;

CREATE QUOTA OR REPLACE tilik_open_data KEYED BY ip_address
    FOR INTERVAL 1 minute MAX queries = 30,
    FOR INTERVAL 1 hour MAX queries = 600, read_rows = 5000000000, execution_time = 600
TO tilik_open_data;
