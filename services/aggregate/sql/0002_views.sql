-- Views that read FINAL, so that a row which was written twice counts once. A filter on camera_id, or on owner_epoch
-- where there is one, reaches the tables; one on minute does not: it is applied after all of a camera's rows were read.

CREATE VIEW IF NOT EXISTS frame_accounting_by_epoch
(
    `camera_id`     LowCardinality(String) COMMENT 'The camera',
    `owner_epoch`   UInt64 COMMENT 'Ownership epoch of the reader, in ms since 1970',
    `captured`      UInt64 COMMENT 'Frames that Kafka acknowledged: reported by ingest, or proved by a sequence number',
    `detected`      UInt64 COMMENT 'Frames judged by a detector',
    `shed`          UInt64 COMMENT 'Frames not judged: too old, or the detectors were overloaded',
    `dead_lettered` UInt64 COMMENT 'Frames that could not be judged: not a picture, or beyond the bounds',
    `expired`       UInt64 COMMENT 'Frames whose outcome never came, or was put aside'
)
AS SELECT
    camera_id,
    owner_epoch,
    sum(captured) AS captured,
    sum(detected) AS detected,
    sum(shed) AS shed,
    sum(dead_lettered) AS dead_lettered,
    sum(expired) AS expired
FROM
(
    SELECT camera_id, owner_epoch, captured, 0 AS detected, 0 AS shed, 0 AS dead_lettered, 0 AS expired
    FROM capture_counters FINAL
    UNION ALL
    SELECT
        camera_id,
        owner_epoch,
        0,
        countIf(outcome = 'detected'),
        countIf(outcome = 'shed'),
        countIf(outcome = 'dead_lettered'),
        countIf(outcome = 'expired')
    FROM frame_outcomes FINAL
    GROUP BY camera_id, owner_epoch
)
GROUP BY camera_id, owner_epoch
COMMENT 'What became of the frames of each epoch of a camera';

CREATE VIEW IF NOT EXISTS frame_accounting
(
    `camera_id`     LowCardinality(String) COMMENT 'The camera',
    `captured`      UInt64 COMMENT 'Frames that Kafka acknowledged, over all epochs of the reader',
    `detected`      UInt64 COMMENT 'Frames judged by a detector',
    `shed`          UInt64 COMMENT 'Frames not judged: too old, or the detectors were overloaded',
    `dead_lettered` UInt64 COMMENT 'Frames that could not be judged: not a picture, or beyond the bounds',
    `expired`       UInt64 COMMENT 'Frames whose outcome never came, or was put aside',
    `difference`    Int64 COMMENT 'captured less all outcomes: equals the frames in flight, which are measured in Kafka'
)
AS SELECT
    camera_id,
    sum(captured) AS captured,
    sum(detected) AS detected,
    sum(shed) AS shed,
    sum(dead_lettered) AS dead_lettered,
    sum(expired) AS expired,
    toInt64(captured) - toInt64(detected + shed + dead_lettered + expired) AS difference
FROM frame_accounting_by_epoch
GROUP BY camera_id
COMMENT 'What became of the frames of each camera. Outcomes are kept for 90 days: older epochs show a difference';

CREATE VIEW IF NOT EXISTS frame_accounting_minutely
(
    `camera_id`            LowCardinality(String) COMMENT 'The camera',
    `minute`               DateTime64(3, 'UTC') COMMENT 'Minute in which the frames are accounted for',
    `frames`               UInt64 COMMENT 'Frames with an outcome: the sum of the next six',
    `detected`             UInt64 COMMENT 'Judged by a detector',
    `shed_stale`           UInt64 COMMENT 'Shed: too old when a detector came to it',
    `shed_overload`        UInt64 COMMENT 'Shed: the detectors had more than they could do',
    `dead_undecodable`     UInt64 COMMENT 'Dead letter: not a picture',
    `dead_refused`         UInt64 COMMENT 'Dead letter: a picture beyond the bounds',
    `expired`              UInt64 COMMENT 'No outcome that could be taken',
    `clock_skewed`         UInt64 COMMENT 'Frames whose capture time ran ahead of Kafka',
    `age_detected_p50_s`   Float64 COMMENT 'Median time from capture to judgement of detected frames, s',
    `age_detected_p95_s`   Float64 COMMENT '95th percentile of the same',
    `age_row_p50_s`        Float64 COMMENT 'Median time from capture to the row of detected frames, s',
    `age_row_p95_s`        Float64 COMMENT '95th percentile of the same'
)
AS SELECT
    camera_id,
    minute,
    count() AS frames,
    countIf(outcome = 'detected') AS detected,
    countIf(outcome = 'shed' AND reason = 'stale') AS shed_stale,
    countIf(outcome = 'shed' AND reason = 'overload') AS shed_overload,
    countIf(outcome = 'dead_lettered' AND reason = 'undecodable') AS dead_undecodable,
    countIf(outcome = 'dead_lettered' AND reason = 'refused') AS dead_refused,
    countIf(outcome = 'expired') AS expired,
    sum(o.clock_skewed) AS clock_skewed,
    ifNotFinite(quantileIf(0.5)(dateDiff('millisecond', captured_at, judged_at), outcome = 'detected'), 0) / 1000
        AS age_detected_p50_s,
    ifNotFinite(quantileIf(0.95)(dateDiff('millisecond', captured_at, judged_at), outcome = 'detected'), 0) / 1000
        AS age_detected_p95_s,
    ifNotFinite(quantileIf(0.5)(dateDiff('millisecond', captured_at, inserted_at), outcome = 'detected'), 0) / 1000
        AS age_row_p50_s,
    ifNotFinite(quantileIf(0.95)(dateDiff('millisecond', captured_at, inserted_at), outcome = 'detected'), 0) / 1000
        AS age_row_p95_s
FROM frame_outcomes AS o FINAL
GROUP BY camera_id, minute
COMMENT 'What became of the frames of each camera and minute of capture';

CREATE VIEW IF NOT EXISTS capture_minutely
(
    `camera_id`  LowCardinality(String) COMMENT 'The camera',
    `minute`     DateTime64(3, 'UTC') COMMENT 'Minute in which ingest reported (its clock)',
    `captured`   UInt64 COMMENT 'Frames captured since the report before',
    `missed`     Map(LowCardinality(String), UInt64) COMMENT 'Samples missed since the report before, by reason',
    `bytes`      UInt64 COMMENT 'JPEG bytes since the report before',
    `reconnects` UInt64 COMMENT 'Reconnects since the report before'
)
AS SELECT
    camera_id,
    toStartOfMinute(reported_at) AS minute,
    sum(new_captured) AS captured,
    sumMap(new_missed) AS missed,
    sum(new_bytes) AS bytes,
    sum(new_reconnects) AS reconnects
FROM
(
    SELECT
        camera_id,
        reported_at,
        s.captured - lagInFrame(s.captured, 1, toUInt64(0)) OVER epoch AS new_captured,
        mapSubtract(s.missed, lagInFrame(s.missed) OVER epoch) AS new_missed,
        s.bytes - lagInFrame(s.bytes, 1, toUInt64(0)) OVER epoch AS new_bytes,
        s.reconnects - lagInFrame(s.reconnects, 1, toUInt64(0)) OVER epoch AS new_reconnects
    FROM camera_statuses AS s FINAL
    WINDOW epoch AS (
        PARTITION BY camera_id, owner_epoch ORDER BY s.captured, reported_at, version
        ROWS BETWEEN 1 PRECEDING AND CURRENT ROW
    )
)
GROUP BY camera_id, minute
COMMENT 'What each reader captured and missed, from the differences of its absolute counters';

CREATE VIEW IF NOT EXISTS episodes_reviewed
AS SELECT
    e.* EXCEPT (review),
    multiIf(d.verdict = 'episode_confirmed', 'confirmed', d.verdict = 'episode_rejected', 'rejected', e.review)
        AS review,
    d.decided_at AS reviewed_at,
    d.decided_by AS reviewed_by
FROM episodes AS e FINAL
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
) AS d ON d.camera_id = e.camera_id AND d.episode_id = e.episode_id
COMMENT 'Episodes with what people decided about them: columns of episodes, review replaced by the last decision';
