-- Several rulesets' rows lie beside each other: those of the live service, and those that history was computed again
-- into. Which of them are current, in which period, is a choice; its history is kept. The views current_* show the
-- current rows, FINAL: a filter on the first columns of a table's key, and on minute, reaches that table's primary key.
-- A column that is added to a table later needs its view anew.

CREATE TABLE IF NOT EXISTS ruleset_choices
(
    `from_at`     DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'Start of the period, the first minute of it',
    `until_at`    DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'End of the period, the first minute after it; 1970: it has no end',
    `ruleset`     LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'Version of the rules whose rows are current in the period',
    `chosen_at`   DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'When it was chosen; of several choices for a time the latest one rules',
    `chosen_by`   String CODEC(ZSTD(1))
        COMMENT 'Who chose it; aggregate: the service, when it started with new rules',
    `reason`      String CODEC(ZSTD(1))
        COMMENT 'Why',
    `version`     UInt64 CODEC(ZSTD(1))
        COMMENT 'Milliseconds of chosen_at: a choice never changes',
    `inserted_at` DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta(8), ZSTD(1))
        COMMENT 'When ClickHouse took the row; TTLs count from it'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (chosen_at, ruleset, from_at, until_at)
COMMENT 'A choice of the ruleset whose rows are current in a period. Where choices overlap, the latest one rules.';

CREATE OR REPLACE VIEW current_rulesets
(
    `from_at`  DateTime64(3, 'UTC') COMMENT 'Start of the period, the first minute of it',
    `until_at` DateTime64(3, 'UTC') COMMENT 'End of the period, the first minute after it; 2200-01-01: it has no end',
    `ruleset`  LowCardinality(String) COMMENT 'Version of the rules whose rows are current in the period'
)
AS WITH
    choices AS
    (
        SELECT
            c.from_at AS from_at,
            if(toUnixTimestamp64Milli(c.until_at) = 0, toDateTime64('2200-01-01 00:00:00', 3, 'UTC'), c.until_at)
                AS until_at,
            toString(c.ruleset) AS ruleset,
            c.chosen_at AS chosen_at
        FROM ruleset_choices AS c FINAL
        WHERE from_at < until_at
    ),
    edges AS
    (
        SELECT DISTINCT arrayJoin([c.from_at, c.until_at]) AS edge
        FROM choices AS c
    ),
    spans AS
    (
        SELECT
            edge AS from_at,
            leadInFrame(edge) OVER (ORDER BY edge ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS until_at
        FROM edges
    ),
    ruled AS
    (
        SELECT s.from_at AS from_at, s.until_at AS until_at, argMax(c.ruleset, (c.chosen_at, c.ruleset)) AS ruleset
        FROM spans AS s
        CROSS JOIN choices AS c
        WHERE s.from_at < s.until_at AND c.from_at <= s.from_at AND s.until_at <= c.until_at  -- the last edge opens none
        GROUP BY s.from_at, s.until_at
    ),
    changes AS
    (
        SELECT
            *,
            r.from_at != lagInFrame(r.until_at) OVER times OR r.ruleset != lagInFrame(r.ruleset) OVER times AS is_change
        FROM ruled AS r
        WINDOW times AS (ORDER BY r.from_at ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
    ),
    periods AS
    (
        SELECT *, sum(c.is_change) OVER (ORDER BY c.from_at) AS period
        FROM changes AS c
    )
SELECT min(p.from_at) AS from_at, max(p.until_at) AS until_at, any(p.ruleset) AS ruleset
FROM periods AS p
GROUP BY p.period
COMMENT 'Which ruleset is current when: disjoint periods. Of choices that overlap the one made last rules';

CREATE OR REPLACE VIEW current_camera_minutes
(
    `camera_id`          LowCardinality(String) COMMENT 'The camera',
    `minute`             DateTime64(3, 'UTC') COMMENT 'Start of the minute of capture time, aligned to UTC',
    `camera_revision`    UInt32 COMMENT 'Largest registry revision among the minute\'s frames',
    `frames`             UInt64 COMMENT 'Frames with an outcome: the sum of the next six',
    `detected`           UInt64 COMMENT 'Judged by a detector',
    `shed_stale`         UInt64 COMMENT 'Shed: too old when a detector came to it',
    `shed_overload`      UInt64 COMMENT 'Shed: the detectors had more than they could do',
    `dead_undecodable`   UInt64 COMMENT 'Dead letter: not a picture',
    `dead_refused`       UInt64 COMMENT 'Dead letter: a picture beyond the bounds',
    `expired`            UInt64 COMMENT 'No outcome that could be taken: inferred from gaps in the sequence',
    `clock_skewed`       UInt64 COMMENT 'Frames whose capture time ran ahead; accounted for when Kafka took them',
    `observed_s`         Float64 COMMENT 'Seconds of the minute that frames observed, at most 2 periods a frame',
    `expected_s`         Float64 COMMENT 'Seconds of the minute that should have been observed',
    `valid`              Bool COMMENT 'False while a camera incident makes the statistics untrustworthy',
    `simulated`          Bool COMMENT 'True if simulated pictures took part',
    `ruleset`            LowCardinality(String) COMMENT 'Version of the rules that made the row',
    `late`               UInt64 COMMENT 'Frames that came after their minute was judged and amended its counts',
    `too_late`           UInt64 COMMENT 'Frames more than an hour late that came while this minute was the latest one',
    `age_appended_p50_s` Float64 COMMENT 'Median age of frames when Kafka took them, s',
    `age_appended_p95_s` Float64 COMMENT '95th percentile of the same',
    `age_detected_p50_s` Float64 COMMENT 'Median age of frames when they had been judged, s',
    `age_detected_p95_s` Float64 COMMENT '95th percentile of the same',
    `revision`           UInt32 COMMENT 'How often late frames amended the minute',
    `version`            UInt64 COMMENT 'Largest wins: the source offset that the row reflects',
    `inserted_at`        DateTime64(3, 'UTC') COMMENT 'When ClickHouse took the row; TTLs count from it'
)
AS WITH (SELECT groupArray((from_at, until_at, toString(ruleset))) FROM current_rulesets) AS periods
SELECT *
FROM camera_minutes FINAL
WHERE if(
    length(periods) = 1,
    minute >= periods[1].1 AND minute < periods[1].2 AND ruleset = periods[1].3,
    arrayExists(period -> minute >= period.1 AND minute < period.2 AND ruleset = period.3, periods)
)
COMMENT 'Rows of camera_minutes under the ruleset that is current at their minute';

CREATE OR REPLACE VIEW current_counter_minutes
(
    `camera_id`       LowCardinality(String) COMMENT 'The camera',
    `minute`          DateTime64(3, 'UTC') COMMENT 'Start of the minute of capture time, aligned to UTC',
    `camera_revision` UInt32 COMMENT 'Largest registry revision among the minute\'s frames',
    `frames`          UInt64 COMMENT 'Judged frames that the figures rest on',
    `opening`         LowCardinality(String)
        COMMENT 'open or closed when the minute began; unknown: no opening hours are set',
    `queue_known`     Bool COMMENT 'Whether the camera has a queue zone',
    `queue_median`    Float64 COMMENT 'Median number of people in the queue over frames',
    `queue_max`       UInt64 COMMENT 'Largest number of people in the queue in a frame',
    `queue_mean`      Float64 COMMENT 'Mean number of people in the queue over frames',
    `staffed_known`   Bool COMMENT 'Whether the camera has a staff zone and something was observed',
    `staffed_s`       Float64 COMMENT 'Observed seconds with a person in the staff zone',
    `staffed_ratio`   Float64 COMMENT 'staffed_s / observed_s, 0 to 1',
    `served_known`    Bool COMMENT 'Whether people served can be counted: a counter edge is drawn',
    `served`          UInt64 COMMENT 'People who left the queue across the counter edge',
    `waiting_known`   Bool COMMENT 'Whether at least 3 people were served',
    `waiting_s`       Float64 COMMENT 'Mean waiting time by Little\'s law: queue_mean * observed_s / served',
    `observed_s`      Float64 COMMENT 'Seconds of the minute that frames observed, at most 2 periods a frame',
    `expected_s`      Float64 COMMENT 'Seconds of the minute that should have been observed',
    `valid`           Bool COMMENT 'False while a camera incident makes the statistics untrustworthy',
    `simulated`       Bool COMMENT 'True if simulated pictures took part',
    `ruleset`         LowCardinality(String) COMMENT 'Version of the rules that made the row',
    `revision`        UInt32 COMMENT 'How often late frames amended the minute',
    `version`         UInt64 COMMENT 'Largest wins: the source offset that the row reflects',
    `inserted_at`     DateTime64(3, 'UTC') COMMENT 'When ClickHouse took the row; TTLs count from it'
)
AS WITH (SELECT groupArray((from_at, until_at, toString(ruleset))) FROM current_rulesets) AS periods
SELECT *
FROM counter_minutes FINAL
WHERE if(
    length(periods) = 1,
    minute >= periods[1].1 AND minute < periods[1].2 AND ruleset = periods[1].3,
    arrayExists(period -> minute >= period.1 AND minute < period.2 AND ruleset = period.3, periods)
)
COMMENT 'Rows of counter_minutes under the ruleset that is current at their minute';

CREATE OR REPLACE VIEW current_parking_minutes
(
    `camera_id`       LowCardinality(String) COMMENT 'The camera',
    `zone_id`         LowCardinality(String) COMMENT 'The zone, unique within its camera',
    `minute`          DateTime64(3, 'UTC') COMMENT 'Start of the minute of capture time, aligned to UTC',
    `camera_revision` UInt32 COMMENT 'Largest registry revision among the minute\'s frames',
    `frames`          UInt64 COMMENT 'Judged frames that the figures rest on',
    `in_force`        Bool COMMENT 'Whether parking was forbidden when the minute began',
    `vehicles_mean`   Float64 COMMENT 'Mean number of vehicles over frames',
    `vehicles_max`    UInt64 COMMENT 'Largest number of vehicles in a frame',
    `vehicle_seconds` Float64 COMMENT 'Vehicles times the seconds that their frame observed, summed',
    `cases_open_max`  UInt64 COMMENT 'Largest number of parking cases open at one frame',
    `observed_s`      Float64 COMMENT 'Seconds of the minute that frames observed, at most 2 periods a frame',
    `expected_s`      Float64 COMMENT 'Seconds of the minute that should have been observed',
    `valid`           Bool COMMENT 'False while a camera incident makes the statistics untrustworthy',
    `simulated`       Bool COMMENT 'True if simulated pictures took part',
    `ruleset`         LowCardinality(String) COMMENT 'Version of the rules that made the row',
    `revision`        UInt32 COMMENT 'How often late frames amended the minute',
    `version`         UInt64 COMMENT 'Largest wins: the source offset that the row reflects',
    `inserted_at`     DateTime64(3, 'UTC') COMMENT 'When ClickHouse took the row; TTLs count from it'
)
AS WITH (SELECT groupArray((from_at, until_at, toString(ruleset))) FROM current_rulesets) AS periods
SELECT *
FROM parking_minutes FINAL
WHERE if(
    length(periods) = 1,
    minute >= periods[1].1 AND minute < periods[1].2 AND ruleset = periods[1].3,
    arrayExists(period -> minute >= period.1 AND minute < period.2 AND ruleset = period.3, periods)
)
COMMENT 'Rows of parking_minutes under the ruleset that is current at their minute';

CREATE OR REPLACE VIEW current_flood_minutes
(
    `camera_id`        LowCardinality(String) COMMENT 'The camera',
    `zone_id`          LowCardinality(String) COMMENT 'The zone, unique within its camera',
    `minute`           DateTime64(3, 'UTC') COMMENT 'Start of the minute of capture time, aligned to UTC',
    `camera_revision`  UInt32 COMMENT 'Largest registry revision among the minute\'s frames',
    `frames`           UInt64 COMMENT 'Judged frames that the figures rest on',
    `state`            LowCardinality(String)
        COMMENT 'Worst of the minute: dry, onset (water, not yet a flood) or flood',
    `ratio_mean`       Float64 COMMENT 'Mean over frames of the ratio under water, 0 to 1',
    `ratio_max`        Float64 COMMENT 'Largest ratio under water in a frame, 0 to 1',
    `reliability_mean` Float64 COMMENT 'Mean over frames of how far the picture can be trusted, 0 to 1',
    `observed_s`       Float64 COMMENT 'Seconds of the minute that frames observed, at most 2 periods a frame',
    `expected_s`       Float64 COMMENT 'Seconds of the minute that should have been observed',
    `valid`            Bool COMMENT 'False while a camera incident makes the statistics untrustworthy',
    `simulated`        Bool COMMENT 'True if simulated pictures took part',
    `ruleset`          LowCardinality(String) COMMENT 'Version of the rules that made the row',
    `revision`         UInt32 COMMENT 'How often late frames amended the minute',
    `version`          UInt64 COMMENT 'Largest wins: the source offset that the row reflects',
    `inserted_at`      DateTime64(3, 'UTC') COMMENT 'When ClickHouse took the row; TTLs count from it'
)
AS WITH (SELECT groupArray((from_at, until_at, toString(ruleset))) FROM current_rulesets) AS periods
SELECT *
FROM flood_minutes FINAL
WHERE if(
    length(periods) = 1,
    minute >= periods[1].1 AND minute < periods[1].2 AND ruleset = periods[1].3,
    arrayExists(period -> minute >= period.1 AND minute < period.2 AND ruleset = period.3, periods)
)
COMMENT 'Rows of flood_minutes under the ruleset that is current at their minute';

CREATE OR REPLACE VIEW current_parking_stays
(
    `camera_id`       LowCardinality(String) COMMENT 'The camera',
    `zone_id`         LowCardinality(String) COMMENT 'The zone, unique within its camera',
    `stay_id`         FixedString(32) COMMENT 'Id of the stay, 32 hex digits',
    `camera_revision` UInt32 COMMENT 'Registry revision under which it was judged',
    `vehicle`         LowCardinality(String) COMMENT 'Class in which it was seen most often',
    `phase`           LowCardinality(String) COMMENT 'open or ended',
    `started_at`      DateTime64(3, 'UTC') COMMENT 'First stationary sight',
    `last_seen_at`    DateTime64(3, 'UTC') COMMENT 'Last sight',
    `ended_because`   LowCardinality(String) COMMENT 'left, rule_changed or no_data; empty while open',
    `dwell_s`         Float64 COMMENT 'Observed seconds from first stationary to last sight, short gaps bridged',
    `frames`          UInt64 COMMENT 'Frames in which it was seen standing',
    `left`            Float64 COMMENT 'Last box, 0 to 1',
    `top`             Float64 COMMENT 'Last box, 0 to 1',
    `right`           Float64 COMMENT 'Last box, 0 to 1',
    `bottom`          Float64 COMMENT 'Last box, 0 to 1',
    `episode_id`      String COMMENT 'The parking case that it belongs to, or empty',
    `first_event_id`  FixedString(32) COMMENT 'Event of the first stationary sight',
    `last_event_id`   FixedString(32) COMMENT 'Event of the last sight',
    `simulated`       Bool COMMENT 'True if simulated pictures took part',
    `ruleset`         LowCardinality(String) COMMENT 'Version of the rules that made the row',
    `version`         UInt64 COMMENT 'Largest wins: the source offset that the row reflects',
    `inserted_at`     DateTime64(3, 'UTC') COMMENT 'When ClickHouse took the row; TTLs count from it'
)
AS WITH (SELECT groupArray((from_at, until_at, toString(ruleset))) FROM current_rulesets) AS periods
SELECT *
FROM parking_stays FINAL
WHERE if(
    length(periods) = 1,
    started_at >= periods[1].1 AND started_at < periods[1].2 AND ruleset = periods[1].3,
    arrayExists(period -> started_at >= period.1 AND started_at < period.2 AND ruleset = period.3, periods)
)
COMMENT 'Rows of parking_stays under the ruleset that is current at their started_at';

CREATE OR REPLACE VIEW current_episodes
(
    `camera_id`          LowCardinality(String) COMMENT 'The camera',
    `episode_id`         FixedString(32) COMMENT 'Id of the episode, 32 hex digits',
    `episode_type`       LowCardinality(String)
        COMMENT 'flood_episode, parking_case, counter_episode or camera_incident',
    `kind`               LowCardinality(String)
        COMMENT 'Of a counter episode or camera incident what it is, else empty',
    `zone_id`            LowCardinality(String) COMMENT 'The zone, or empty',
    `camera_revision`    UInt32 COMMENT 'Registry revision under which it was judged',
    `phase`              LowCardinality(String) COMMENT 'open or ended',
    `review`             LowCardinality(String) COMMENT 'suspected: no rule confirms anything by itself',
    `started_at`         DateTime64(3, 'UTC') COMMENT 'When it began',
    `last_seen_at`       DateTime64(3, 'UTC') COMMENT 'Last frame that shows it',
    `ended_at`           DateTime64(3, 'UTC') COMMENT 'When it ended; 1970 while open',
    `ended_because`      LowCardinality(String) COMMENT 'Why it ended; empty while open',
    `first_event_id`     FixedString(32) COMMENT 'Event of the first frame',
    `best_event_id`      FixedString(32) COMMENT 'Event of the frame that shows it best',
    `last_event_id`      FixedString(32) COMMENT 'Event of the last frame',
    `frame_topic`        LowCardinality(String) COMMENT 'Topic of its frames',
    `frame_partition`    UInt32 COMMENT 'Their partition',
    `first_frame_offset` UInt64 COMMENT 'Offset of the first frame',
    `best_frame_offset`  UInt64 COMMENT 'Offset of the best frame',
    `last_frame_offset`  UInt64 COMMENT 'Offset of the last frame',
    `why_names`          Array(LowCardinality(String)) COMMENT 'Figures that crossed a threshold',
    `why_values`         Array(Float64) COMMENT 'Their values',
    `why_thresholds`     Array(Float64) COMMENT 'Their thresholds',
    `why_units`          Array(LowCardinality(String)) COMMENT 'Their units',
    `vehicle`            LowCardinality(String) COMMENT 'Parking: class of the vehicle, else empty',
    `left`               Float64 COMMENT 'Parking: last box, 0 to 1',
    `top`                Float64 COMMENT 'Parking: last box, 0 to 1',
    `right`              Float64 COMMENT 'Parking: last box, 0 to 1',
    `bottom`             Float64 COMMENT 'Parking: last box, 0 to 1',
    `dwell_s`            Float64 COMMENT 'Parking: observed seconds that the vehicle stood',
    `people_waiting_max` UInt64 COMMENT 'Counter: most people waiting in a frame',
    `peak_ratio`         Float64 COMMENT 'Flood: largest ratio of the zone under water, 0 to 1',
    `peak_at`            DateTime64(3, 'UTC') COMMENT 'Flood: when that was; else 1970',
    `recession_at`       DateTime64(3, 'UTC') COMMENT 'Flood: last time at 0.9 of the peak or more; 1970: not yet',
    `cleared_at`         DateTime64(3, 'UTC') COMMENT 'Flood: start of the run that cleared it; 1970: not yet',
    `quarantined`        Bool COMMENT 'Camera: rows are not valid until a person releases it',
    `released_by`        String COMMENT 'Camera: who released it, or empty',
    `simulated`          Bool COMMENT 'True if simulated pictures took part',
    `ruleset`            LowCardinality(String) COMMENT 'Version of the rules that made the row',
    `revision`           UInt32 COMMENT 'Largest wins among messages of the episode',
    `version`            UInt64 COMMENT 'Largest wins: the source offset that the row reflects',
    `inserted_at`        DateTime64(3, 'UTC') COMMENT 'When ClickHouse took the row; TTLs count from it'
)
AS WITH (SELECT groupArray((from_at, until_at, toString(ruleset))) FROM current_rulesets) AS periods
SELECT *
FROM episodes FINAL
WHERE if(
    length(periods) = 1,
    started_at >= periods[1].1 AND started_at < periods[1].2 AND ruleset = periods[1].3,
    arrayExists(period -> started_at >= period.1 AND started_at < period.2 AND ruleset = period.3, periods)
)
COMMENT 'Rows of episodes under the ruleset that is current at their started_at';

CREATE OR REPLACE VIEW episodes_reviewed
(
    `camera_id`          LowCardinality(String) COMMENT 'The camera',
    `episode_id`         FixedString(32) COMMENT 'Id of the episode, 32 hex digits',
    `episode_type`       LowCardinality(String)
        COMMENT 'flood_episode, parking_case, counter_episode or camera_incident',
    `kind`               LowCardinality(String)
        COMMENT 'Of a counter episode or camera incident what it is, else empty',
    `zone_id`            LowCardinality(String) COMMENT 'The zone, or empty',
    `camera_revision`    UInt32 COMMENT 'Registry revision under which it was judged',
    `phase`              LowCardinality(String) COMMENT 'open or ended',
    `started_at`         DateTime64(3, 'UTC') COMMENT 'When it began',
    `last_seen_at`       DateTime64(3, 'UTC') COMMENT 'Last frame that shows it',
    `ended_at`           DateTime64(3, 'UTC') COMMENT 'When it ended; 1970 while open',
    `ended_because`      LowCardinality(String) COMMENT 'Why it ended; empty while open',
    `first_event_id`     FixedString(32) COMMENT 'Event of the first frame',
    `best_event_id`      FixedString(32) COMMENT 'Event of the frame that shows it best',
    `last_event_id`      FixedString(32) COMMENT 'Event of the last frame',
    `frame_topic`        LowCardinality(String) COMMENT 'Topic of its frames',
    `frame_partition`    UInt32 COMMENT 'Their partition',
    `first_frame_offset` UInt64 COMMENT 'Offset of the first frame',
    `best_frame_offset`  UInt64 COMMENT 'Offset of the best frame',
    `last_frame_offset`  UInt64 COMMENT 'Offset of the last frame',
    `why_names`          Array(LowCardinality(String)) COMMENT 'Figures that crossed a threshold',
    `why_values`         Array(Float64) COMMENT 'Their values',
    `why_thresholds`     Array(Float64) COMMENT 'Their thresholds',
    `why_units`          Array(LowCardinality(String)) COMMENT 'Their units',
    `vehicle`            LowCardinality(String) COMMENT 'Parking: class of the vehicle, else empty',
    `left`               Float64 COMMENT 'Parking: last box, 0 to 1',
    `top`                Float64 COMMENT 'Parking: last box, 0 to 1',
    `right`              Float64 COMMENT 'Parking: last box, 0 to 1',
    `bottom`             Float64 COMMENT 'Parking: last box, 0 to 1',
    `dwell_s`            Float64 COMMENT 'Parking: observed seconds that the vehicle stood',
    `people_waiting_max` UInt64 COMMENT 'Counter: most people waiting in a frame',
    `peak_ratio`         Float64 COMMENT 'Flood: largest ratio of the zone under water, 0 to 1',
    `peak_at`            DateTime64(3, 'UTC') COMMENT 'Flood: when that was; else 1970',
    `recession_at`       DateTime64(3, 'UTC') COMMENT 'Flood: last time at 0.9 of the peak or more; 1970: not yet',
    `cleared_at`         DateTime64(3, 'UTC') COMMENT 'Flood: start of the run that cleared it; 1970: not yet',
    `quarantined`        Bool COMMENT 'Camera: rows are not valid until a person releases it',
    `released_by`        String COMMENT 'Camera: who released it, or empty',
    `simulated`          Bool COMMENT 'True if simulated pictures took part',
    `ruleset`            LowCardinality(String) COMMENT 'Version of the rules that made the row',
    `revision`           UInt32 COMMENT 'Largest wins among messages of the episode',
    `version`            UInt64 COMMENT 'Largest wins: the source offset that the row reflects',
    `inserted_at`        DateTime64(3, 'UTC') COMMENT 'When ClickHouse took the row; TTLs count from it',
    `review`             String COMMENT 'suspected, confirmed or rejected: the last decision about it',
    `reviewed_at`        DateTime64(3, 'UTC') COMMENT 'When that was decided; 1970: not yet',
    `reviewed_by`        String COMMENT 'Who decided it, or empty'
)
AS SELECT
    e.* EXCEPT (review),
    multiIf(d.verdict = 'episode_confirmed', 'confirmed', d.verdict = 'episode_rejected', 'rejected', e.review)
        AS review,
    d.decided_at AS reviewed_at,
    d.decided_by AS reviewed_by
FROM current_episodes AS e
LEFT JOIN
(
    SELECT
        camera_id,
        episode_id,
        argMax(decision, (r.decided_at, version)) AS verdict,
        argMax(r.decided_by, (r.decided_at, version)) AS decided_by,
        max(r.decided_at) AS decided_at
    FROM decisions AS r FINAL
    WHERE decision IN ('episode_confirmed', 'episode_rejected')
    GROUP BY camera_id, episode_id
) AS d ON d.camera_id = e.camera_id AND d.episode_id = toString(e.episode_id)
COMMENT 'Current episodes with what people decided about them: review is replaced by the last decision';
