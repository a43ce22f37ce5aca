-- Hourly tiers of the minutes, and the days of what ingest reported, filled by ClickHouse itself every 5 minutes. They
-- are not incremental views: a minute's row is written again and again, which those would count each time. A refresh
-- reads every hour anew in which minutes were inserted, or another ruleset became current, since the last one began
-- (less 2 minutes: an insertion takes time), FINAL, and writes it whole. Rows of rulesets that are not current are read
-- too and add nothing, so that an hour which a choice has emptied becomes 0. An index finds what was inserted lately.
-- Days and weeks are sums of hours at reading: Asia/Jakarta is whole hours from UTC.

ALTER TABLE camera_minutes ADD INDEX IF NOT EXISTS inserted inserted_at TYPE minmax GRANULARITY 1;

ALTER TABLE counter_minutes ADD INDEX IF NOT EXISTS inserted inserted_at TYPE minmax GRANULARITY 1;

ALTER TABLE parking_minutes ADD INDEX IF NOT EXISTS inserted inserted_at TYPE minmax GRANULARITY 1;

ALTER TABLE flood_minutes ADD INDEX IF NOT EXISTS inserted inserted_at TYPE minmax GRANULARITY 1;

ALTER TABLE camera_statuses ADD INDEX IF NOT EXISTS inserted inserted_at TYPE minmax GRANULARITY 1;

CREATE TABLE IF NOT EXISTS camera_hours
(
    `camera_id`         LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'The camera',
    `hour`              DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'Start of the hour of capture time, aligned to UTC',
    `minutes`           UInt32 CODEC(ZSTD(1))
        COMMENT 'Minutes with a current row, at most 60; 0: no such row any more',
    `valid_minutes`     UInt32 CODEC(ZSTD(1))
        COMMENT 'Those of them that are valid and not simulated; the statistics rest on these',
    `simulated_minutes` UInt32 CODEC(ZSTD(1))
        COMMENT 'Those of them with simulated pictures; in no statistics',
    `frames`            UInt64 CODEC(ZSTD(1))
        COMMENT 'Frames with an outcome: the sum of the next six',
    `detected`          UInt64 CODEC(ZSTD(1))
        COMMENT 'Judged by a detector',
    `shed_stale`        UInt64 CODEC(ZSTD(1))
        COMMENT 'Shed: too old when a detector came to it',
    `shed_overload`     UInt64 CODEC(ZSTD(1))
        COMMENT 'Shed: the detectors had more than they could do',
    `dead_undecodable`  UInt64 CODEC(ZSTD(1))
        COMMENT 'Dead letter: not a picture',
    `dead_refused`      UInt64 CODEC(ZSTD(1))
        COMMENT 'Dead letter: a picture beyond the bounds',
    `expired`           UInt64 CODEC(ZSTD(1))
        COMMENT 'No outcome that could be taken: inferred from gaps in the sequence',
    `clock_skewed`      UInt64 CODEC(ZSTD(1))
        COMMENT 'Frames whose capture time ran ahead',
    `observed_s`        Float64 CODEC(ZSTD(1))
        COMMENT 'Seconds that frames observed, of all minutes',
    `expected_s`        Float64 CODEC(ZSTD(1))
        COMMENT 'Seconds that should have been observed, of the minutes with a row',
    `version`           UInt64 CODEC(Delta(8), ZSTD(1))
        COMMENT 'Largest wins: until when (ms since 1970) every insertion into the minutes has been read',
    `inserted_at`       DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta(8), ZSTD(1))
        COMMENT 'When ClickHouse took the row; TTLs count from it'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYear(hour)
ORDER BY (camera_id, hour)
TTL toDateTime(inserted_at) + INTERVAL 3650 DAY
COMMENT 'What became of a camera\'s frames of one hour: the sums of its current minutes.';

CREATE TABLE IF NOT EXISTS counter_hours
(
    `camera_id`         LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'The camera',
    `hour`              DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'Start of the hour of capture time, aligned to UTC',
    `minutes`           UInt32 CODEC(ZSTD(1))
        COMMENT 'Minutes with a current row, at most 60; 0: no such row any more',
    `valid_minutes`     UInt32 CODEC(ZSTD(1))
        COMMENT 'Those of them that are valid and not simulated; the statistics rest on these',
    `simulated_minutes` UInt32 CODEC(ZSTD(1))
        COMMENT 'Those of them with simulated pictures; in no statistics',
    `open_minutes`      UInt32 CODEC(ZSTD(1))
        COMMENT 'Valid minutes that began in opening hours, or where none are set',
    `queue_s`           Float64 CODEC(ZSTD(1))
        COMMENT 'Seconds observed of the queue in them',
    `queue_person_s`    Float64 CODEC(ZSTD(1))
        COMMENT 'People in the queue times seconds; by queue_s it is the mean queue',
    `queue_max`         UInt64 CODEC(ZSTD(1))
        COMMENT 'Largest number of people in the queue in a frame of them',
    `staff_s`           Float64 CODEC(ZSTD(1))
        COMMENT 'Seconds observed of the staff zone in them',
    `staffed_s`         Float64 CODEC(ZSTD(1))
        COMMENT 'Those of them with a person in it; by staff_s it is the staffed ratio',
    `served_minutes`    UInt32 CODEC(ZSTD(1))
        COMMENT 'Those of the minutes in which people served can be counted',
    `served`            UInt64 CODEC(ZSTD(1))
        COMMENT 'People served in these',
    `observed_s`        Float64 CODEC(ZSTD(1))
        COMMENT 'Seconds that frames observed, of all minutes',
    `expected_s`        Float64 CODEC(ZSTD(1))
        COMMENT 'Seconds that should have been observed, of the minutes with a row',
    `version`           UInt64 CODEC(Delta(8), ZSTD(1))
        COMMENT 'Largest wins: until when (ms since 1970) every insertion into the minutes has been read',
    `inserted_at`       DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta(8), ZSTD(1))
        COMMENT 'When ClickHouse took the row; TTLs count from it'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYear(hour)
ORDER BY (camera_id, hour)
TTL toDateTime(inserted_at) + INTERVAL 3650 DAY
COMMENT 'Queue and staff of a counter in one hour, over valid minutes that did not begin outside its opening hours.';

CREATE TABLE IF NOT EXISTS parking_hours
(
    `camera_id`         LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'The camera',
    `zone_id`           LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'The zone, unique within its camera',
    `hour`              DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'Start of the hour of capture time, aligned to UTC',
    `minutes`           UInt32 CODEC(ZSTD(1))
        COMMENT 'Minutes with a current row, at most 60; 0: no such row any more',
    `valid_minutes`     UInt32 CODEC(ZSTD(1))
        COMMENT 'Those of them that are valid and not simulated; the statistics rest on these',
    `simulated_minutes` UInt32 CODEC(ZSTD(1))
        COMMENT 'Those of them with simulated pictures; in no statistics',
    `forbidden_minutes` UInt32 CODEC(ZSTD(1))
        COMMENT 'Valid minutes that began while parking was forbidden',
    `forbidden_s`       Float64 CODEC(ZSTD(1))
        COMMENT 'Seconds that frames observed in them',
    `vehicle_seconds`   Float64 CODEC(ZSTD(1))
        COMMENT 'Vehicles times seconds in them; by forbidden_s it is the mean',
    `vehicles_max`      UInt64 CODEC(ZSTD(1))
        COMMENT 'Largest number of vehicles in a frame of them',
    `cases_open_max`    UInt64 CODEC(ZSTD(1))
        COMMENT 'Largest number of parking cases open at one frame of them',
    `observed_s`        Float64 CODEC(ZSTD(1))
        COMMENT 'Seconds that frames observed, of all minutes',
    `expected_s`        Float64 CODEC(ZSTD(1))
        COMMENT 'Seconds that should have been observed, of the minutes with a row',
    `version`           UInt64 CODEC(Delta(8), ZSTD(1))
        COMMENT 'Largest wins: until when (ms since 1970) every insertion into the minutes has been read',
    `inserted_at`       DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta(8), ZSTD(1))
        COMMENT 'When ClickHouse took the row; TTLs count from it'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYear(hour)
ORDER BY (camera_id, zone_id, hour)
TTL toDateTime(inserted_at) + INTERVAL 3650 DAY
COMMENT 'Vehicles in a no-parking zone in one hour, over valid minutes that began while parking was forbidden.';

CREATE TABLE IF NOT EXISTS flood_hours
(
    `camera_id`         LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'The camera',
    `zone_id`           LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'The zone, unique within its camera',
    `hour`              DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'Start of the hour of capture time, aligned to UTC',
    `minutes`           UInt32 CODEC(ZSTD(1))
        COMMENT 'Minutes with a current row, at most 60; 0: no such row any more',
    `valid_minutes`     UInt32 CODEC(ZSTD(1))
        COMMENT 'Those of them that are valid and not simulated; the statistics rest on these',
    `simulated_minutes` UInt32 CODEC(ZSTD(1))
        COMMENT 'Those of them with simulated pictures; in no statistics',
    `flood_minutes`     UInt32 CODEC(ZSTD(1))
        COMMENT 'Valid minutes whose state is flood',
    `flood_bits`        UInt64 CODEC(ZSTD(1))
        COMMENT 'Which ones: bit n is minute n of the hour; or-ed over zones, no doubles',
    `onset_minutes`     UInt32 CODEC(ZSTD(1))
        COMMENT 'Valid minutes whose state is onset',
    `ratio_s`           Float64 CODEC(ZSTD(1))
        COMMENT 'Ratio under water times seconds; by valid_observed_s it is the mean ratio',
    `ratio_max`         Float64 CODEC(ZSTD(1))
        COMMENT 'Largest ratio under water in a frame, 0 to 1',
    `valid_observed_s`  Float64 CODEC(ZSTD(1))
        COMMENT 'Seconds that frames observed in valid minutes',
    `observed_s`        Float64 CODEC(ZSTD(1))
        COMMENT 'Seconds that frames observed, of all minutes',
    `expected_s`        Float64 CODEC(ZSTD(1))
        COMMENT 'Seconds that should have been observed, of the minutes with a row',
    `version`           UInt64 CODEC(Delta(8), ZSTD(1))
        COMMENT 'Largest wins: until when (ms since 1970) every insertion into the minutes has been read',
    `inserted_at`       DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta(8), ZSTD(1))
        COMMENT 'When ClickHouse took the row; TTLs count from it'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYear(hour)
ORDER BY (camera_id, zone_id, hour)
TTL toDateTime(inserted_at) + INTERVAL 3650 DAY
COMMENT 'How much of a water zone was under water in one hour, over valid minutes.';

CREATE TABLE IF NOT EXISTS capture_days
(
    `camera_id`   LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'The camera',
    `owner_epoch` UInt64 CODEC(ZSTD(1))
        COMMENT 'Ownership epoch of the camera\'s reader, in ms since 1970',
    `day`         Date CODEC(ZSTD(1))
        COMMENT 'Day in Asia/Jakarta in which ingest reported (its clock)',
    `captured`    UInt64 CODEC(ZSTD(1))
        COMMENT 'Frames captured since the epoch began',
    `missed`      Map(LowCardinality(String), UInt64) CODEC(ZSTD(1))
        COMMENT 'Samples missed since, by reason',
    `bytes`       UInt64 CODEC(ZSTD(1))
        COMMENT 'JPEG bytes since',
    `reconnects`  UInt64 CODEC(ZSTD(1))
        COMMENT 'Reconnects since',
    `statuses`    UInt64 CODEC(ZSTD(1))
        COMMENT 'Statuses reported in the day',
    `version`     UInt64 CODEC(Delta(8), ZSTD(1))
        COMMENT 'Largest wins: until when (ms since 1970) every insertion into the minutes has been read',
    `inserted_at` DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta(8), ZSTD(1))
        COMMENT 'When ClickHouse took the row; TTLs count from it'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (camera_id, owner_epoch, day)
COMMENT 'What a reader had done in its epoch by the end of a day, as ingest reported it: absolute, so days subtract.';

CREATE MATERIALIZED VIEW IF NOT EXISTS camera_hours_refresh
REFRESH EVERY 5 MINUTE APPEND TO camera_hours
AS WITH
    (
        SELECT fromUnixTimestamp64Milli(toInt64(max(version)), 'UTC')
        FROM camera_hours
    ) AS read_until,
    (
        SELECT (min(from_at), max(if(toUnixTimestamp64Milli(until_at) = 0, now64(3) + INTERVAL 1 DAY, until_at)))
        FROM ruleset_choices
        WHERE inserted_at >= read_until
    ) AS chosen_anew,
    (SELECT groupArray((from_at, until_at, toString(ruleset))) FROM current_rulesets) AS periods
SELECT
    camera_id,
    toDateTime64(toStartOfHour(minute), 3, 'UTC') AS hour,
    toUInt32(countIf(holds)) AS minutes,
    toUInt32(countIf(holds AND valid AND NOT simulated)) AS valid_minutes,
    toUInt32(countIf(holds AND simulated)) AS simulated_minutes,
    sumIf(m.frames, holds) AS frames,
    sumIf(m.detected, holds) AS detected,
    sumIf(m.shed_stale, holds) AS shed_stale,
    sumIf(m.shed_overload, holds) AS shed_overload,
    sumIf(m.dead_undecodable, holds) AS dead_undecodable,
    sumIf(m.dead_refused, holds) AS dead_refused,
    sumIf(m.expired, holds) AS expired,
    sumIf(m.clock_skewed, holds) AS clock_skewed,
    sumIf(m.observed_s, holds) AS observed_s,
    sumIf(m.expected_s, holds) AS expected_s,
    toUInt64(toUnixTimestamp64Milli(now64(3) - INTERVAL 2 MINUTE)) AS version
FROM
(
    SELECT
        *,
        if(
            length(periods) = 1,
            minute >= periods[1].1 AND minute < periods[1].2 AND ruleset = periods[1].3,
            arrayExists(period -> minute >= period.1 AND minute < period.2 AND ruleset = period.3, periods)
        ) AS holds
    FROM camera_minutes FINAL
    WHERE (camera_id, toStartOfHour(minute)) IN
    (
        SELECT camera_id, toStartOfHour(minute)
        FROM camera_minutes
        WHERE inserted_at >= read_until
        UNION DISTINCT
        SELECT camera_id, toStartOfHour(minute)
        FROM camera_minutes
        WHERE minute >= toStartOfHour(chosen_anew.1) AND minute < chosen_anew.2
    )
) AS m
GROUP BY camera_id, hour
COMMENT 'Fills camera_hours from camera_minutes';

CREATE MATERIALIZED VIEW IF NOT EXISTS counter_hours_refresh
REFRESH EVERY 5 MINUTE APPEND TO counter_hours
AS WITH
    (
        SELECT fromUnixTimestamp64Milli(toInt64(max(version)), 'UTC')
        FROM counter_hours
    ) AS read_until,
    (
        SELECT (min(from_at), max(if(toUnixTimestamp64Milli(until_at) = 0, now64(3) + INTERVAL 1 DAY, until_at)))
        FROM ruleset_choices
        WHERE inserted_at >= read_until
    ) AS chosen_anew,
    (SELECT groupArray((from_at, until_at, toString(ruleset))) FROM current_rulesets) AS periods
SELECT
    camera_id,
    toDateTime64(toStartOfHour(minute), 3, 'UTC') AS hour,
    toUInt32(countIf(holds)) AS minutes,
    toUInt32(countIf(holds AND valid AND NOT simulated)) AS valid_minutes,
    toUInt32(countIf(holds AND simulated)) AS simulated_minutes,
    toUInt32(countIf(counts)) AS open_minutes,
    sumIf(m.observed_s, counts AND queue_known) AS queue_s,
    sumIf(m.queue_mean * m.observed_s, counts AND queue_known) AS queue_person_s,
    maxIf(m.queue_max, counts AND queue_known) AS queue_max,
    sumIf(m.observed_s, counts AND staffed_known) AS staff_s,
    sumIf(m.staffed_s, counts AND staffed_known) AS staffed_s,
    toUInt32(countIf(counts AND served_known)) AS served_minutes,
    sumIf(m.served, counts AND served_known) AS served,
    sumIf(m.observed_s, holds) AS observed_s,
    sumIf(m.expected_s, holds) AS expected_s,
    toUInt64(toUnixTimestamp64Milli(now64(3) - INTERVAL 2 MINUTE)) AS version
FROM
(
    SELECT
        *,
        if(
            length(periods) = 1,
            minute >= periods[1].1 AND minute < periods[1].2 AND ruleset = periods[1].3,
            arrayExists(period -> minute >= period.1 AND minute < period.2 AND ruleset = period.3, periods)
        ) AS holds,
        holds AND valid AND NOT simulated AND opening != 'closed' AS counts
    FROM counter_minutes FINAL
    WHERE (camera_id, toStartOfHour(minute)) IN
    (
        SELECT camera_id, toStartOfHour(minute)
        FROM counter_minutes
        WHERE inserted_at >= read_until
        UNION DISTINCT
        SELECT camera_id, toStartOfHour(minute)
        FROM counter_minutes
        WHERE minute >= toStartOfHour(chosen_anew.1) AND minute < chosen_anew.2
    )
) AS m
GROUP BY camera_id, hour
COMMENT 'Fills counter_hours from counter_minutes';

CREATE MATERIALIZED VIEW IF NOT EXISTS parking_hours_refresh
REFRESH EVERY 5 MINUTE APPEND TO parking_hours
AS WITH
    (
        SELECT fromUnixTimestamp64Milli(toInt64(max(version)), 'UTC')
        FROM parking_hours
    ) AS read_until,
    (
        SELECT (min(from_at), max(if(toUnixTimestamp64Milli(until_at) = 0, now64(3) + INTERVAL 1 DAY, until_at)))
        FROM ruleset_choices
        WHERE inserted_at >= read_until
    ) AS chosen_anew,
    (SELECT groupArray((from_at, until_at, toString(ruleset))) FROM current_rulesets) AS periods
SELECT
    camera_id, zone_id,
    toDateTime64(toStartOfHour(minute), 3, 'UTC') AS hour,
    toUInt32(countIf(holds)) AS minutes,
    toUInt32(countIf(holds AND valid AND NOT simulated)) AS valid_minutes,
    toUInt32(countIf(holds AND simulated)) AS simulated_minutes,
    toUInt32(countIf(counts)) AS forbidden_minutes,
    sumIf(m.observed_s, counts) AS forbidden_s,
    sumIf(m.vehicle_seconds, counts) AS vehicle_seconds,
    maxIf(m.vehicles_max, counts) AS vehicles_max,
    maxIf(m.cases_open_max, counts) AS cases_open_max,
    sumIf(m.observed_s, holds) AS observed_s,
    sumIf(m.expected_s, holds) AS expected_s,
    toUInt64(toUnixTimestamp64Milli(now64(3) - INTERVAL 2 MINUTE)) AS version
FROM
(
    SELECT
        *,
        if(
            length(periods) = 1,
            minute >= periods[1].1 AND minute < periods[1].2 AND ruleset = periods[1].3,
            arrayExists(period -> minute >= period.1 AND minute < period.2 AND ruleset = period.3, periods)
        ) AS holds,
        holds AND valid AND NOT simulated AND in_force AS counts
    FROM parking_minutes FINAL
    WHERE (camera_id, toStartOfHour(minute)) IN
    (
        SELECT camera_id, toStartOfHour(minute)
        FROM parking_minutes
        WHERE inserted_at >= read_until
        UNION DISTINCT
        SELECT camera_id, toStartOfHour(minute)
        FROM parking_minutes
        WHERE minute >= toStartOfHour(chosen_anew.1) AND minute < chosen_anew.2
    )
) AS m
GROUP BY camera_id, zone_id, hour
COMMENT 'Fills parking_hours from parking_minutes';

CREATE MATERIALIZED VIEW IF NOT EXISTS flood_hours_refresh
REFRESH EVERY 5 MINUTE APPEND TO flood_hours
AS WITH
    (
        SELECT fromUnixTimestamp64Milli(toInt64(max(version)), 'UTC')
        FROM flood_hours
    ) AS read_until,
    (
        SELECT (min(from_at), max(if(toUnixTimestamp64Milli(until_at) = 0, now64(3) + INTERVAL 1 DAY, until_at)))
        FROM ruleset_choices
        WHERE inserted_at >= read_until
    ) AS chosen_anew,
    (SELECT groupArray((from_at, until_at, toString(ruleset))) FROM current_rulesets) AS periods
SELECT
    camera_id, zone_id,
    toDateTime64(toStartOfHour(minute), 3, 'UTC') AS hour,
    toUInt32(countIf(holds)) AS minutes,
    toUInt32(countIf(holds AND valid AND NOT simulated)) AS valid_minutes,
    toUInt32(countIf(holds AND simulated)) AS simulated_minutes,
    toUInt32(countIf(counts AND state = 'flood')) AS flood_minutes,
    groupBitOrIf(bitShiftLeft(toUInt64(1), toMinute(minute)), counts AND state = 'flood') AS flood_bits,
    toUInt32(countIf(counts AND state = 'onset')) AS onset_minutes,
    sumIf(m.ratio_mean * m.observed_s, counts) AS ratio_s,
    maxIf(m.ratio_max, counts) AS ratio_max,
    sumIf(m.observed_s, counts) AS valid_observed_s,
    sumIf(m.observed_s, holds) AS observed_s,
    sumIf(m.expected_s, holds) AS expected_s,
    toUInt64(toUnixTimestamp64Milli(now64(3) - INTERVAL 2 MINUTE)) AS version
FROM
(
    SELECT
        *,
        if(
            length(periods) = 1,
            minute >= periods[1].1 AND minute < periods[1].2 AND ruleset = periods[1].3,
            arrayExists(period -> minute >= period.1 AND minute < period.2 AND ruleset = period.3, periods)
        ) AS holds,
        holds AND valid AND NOT simulated AS counts
    FROM flood_minutes FINAL
    WHERE (camera_id, toStartOfHour(minute)) IN
    (
        SELECT camera_id, toStartOfHour(minute)
        FROM flood_minutes
        WHERE inserted_at >= read_until
        UNION DISTINCT
        SELECT camera_id, toStartOfHour(minute)
        FROM flood_minutes
        WHERE minute >= toStartOfHour(chosen_anew.1) AND minute < chosen_anew.2
    )
) AS m
GROUP BY camera_id, zone_id, hour
COMMENT 'Fills flood_hours from flood_minutes';

CREATE MATERIALIZED VIEW IF NOT EXISTS capture_days_refresh
REFRESH EVERY 5 MINUTE APPEND TO capture_days
AS WITH
    (
        SELECT fromUnixTimestamp64Milli(toInt64(max(version)), 'UTC')
        FROM capture_days
    ) AS read_until,
    (
        SELECT toStartOfDay(min(reported_at), 'Asia/Jakarta')
        FROM camera_statuses
        WHERE inserted_at >= read_until
    ) AS reported_from
SELECT
    camera_id,
    owner_epoch,
    toDate(reported_at, 'Asia/Jakarta') AS day,
    max(s.captured) AS captured,
    maxMap(s.missed) AS missed,
    max(s.bytes) AS bytes,
    max(s.reconnects) AS reconnects,
    count() AS statuses,
    toUInt64(toUnixTimestamp64Milli(now64(3) - INTERVAL 2 MINUTE)) AS version
FROM camera_statuses AS s FINAL
WHERE reported_at >= reported_from
    AND (camera_id, owner_epoch, toDate(reported_at, 'Asia/Jakarta')) IN
    (
        SELECT camera_id, owner_epoch, toDate(reported_at, 'Asia/Jakarta')
        FROM camera_statuses
        WHERE inserted_at >= read_until
    )
GROUP BY camera_id, owner_epoch, day
COMMENT 'Fills capture_days from camera_statuses';
