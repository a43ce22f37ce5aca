-- The tables that the aggregation writes, one for each struct of services/aggregate/rows.py.
-- Every row is absolute: it holds the whole value of its frame, minute or episode. So a row that is written again
-- replaces the former one by its key and version, and reading takes FINAL. Lifetimes count from inserted_at, not
-- from event time, so that recorded footage is kept as long as what comes live.

CREATE TABLE IF NOT EXISTS detections
(
    `camera_id`               LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'The camera',
    `captured_at`             DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'When the frame was taken',
    `owner_epoch`             UInt64 CODEC(Delta(8), ZSTD(1))
        COMMENT 'Ownership epoch of the camera\'s reader, in ms since 1970',
    `sequence`                UInt64 CODEC(Delta(8), ZSTD(1))
        COMMENT 'Number of the frame within its epoch, dense from 0',
    `event_id`                FixedString(32) CODEC(ZSTD(1))
        COMMENT 'Id of the event, 32 hex digits',
    `camera_revision`         UInt32 CODEC(ZSTD(1))
        COMMENT 'Registry revision under which it was judged',
    `source_kind`             LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'Kind of the camera\'s source',
    `simulated`               Bool CODEC(ZSTD(1))
        COMMENT 'True if simulated pictures took part',
    `frame_topic`             LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'Topic that holds the frame',
    `frame_partition`         UInt32 CODEC(ZSTD(1))
        COMMENT 'Its partition',
    `frame_offset`            UInt64 CODEC(Delta(8), ZSTD(1))
        COMMENT 'Its offset',
    `appended_at`             DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'When Kafka took the frame (broker\'s clock)',
    `detected_at`             DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'When the detector was done with the frame',
    `width`                   UInt16 CODEC(ZSTD(1))
        COMMENT 'Width of the frame, px',
    `height`                  UInt16 CODEC(ZSTD(1))
        COMMENT 'Height of the frame, px',
    `detector_name`           LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'Which detector judged',
    `detector_weights_sha256` LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'SHA-256 of its weights, hex',
    `detector_tiles`          LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'How the frame was cut: 1x1 or 2x2',
    `object_labels`           Array(LowCardinality(String)) CODEC(ZSTD(1))
        COMMENT 'Class of each object',
    `object_scores`           Array(Float64) CODEC(ZSTD(1))
        COMMENT 'Score of each object, 0 to 1, falling',
    `object_lefts`            Array(Float64) CODEC(ZSTD(1))
        COMMENT 'Left edge of each box, 0 to 1',
    `object_tops`             Array(Float64) CODEC(ZSTD(1))
        COMMENT 'Top edge of each box, 0 to 1',
    `object_rights`           Array(Float64) CODEC(ZSTD(1))
        COMMENT 'Right edge of each box, 0 to 1',
    `object_bottoms`          Array(Float64) CODEC(ZSTD(1))
        COMMENT 'Bottom edge of each box, 0 to 1',
    `luma`                    Float64 CODEC(ZSTD(1))
        COMMENT 'Mean luma, 0 to 1',
    `contrast`                Float64 CODEC(ZSTD(1))
        COMMENT 'Standard deviation of luma, 0 to 1',
    `sharpness`               Float64 CODEC(ZSTD(1))
        COMMENT 'Variance of the Laplacian of luma at 320 px width',
    `content_hash`            String CODEC(ZSTD(1))
        COMMENT 'Equal only for equal pictures, 16 hex digits',
    `signature`               String CODEC(ZSTD(1))
        COMMENT 'Perceptual hash of 256 bits, hex',
    `reliability`             Float64 CODEC(ZSTD(1))
        COMMENT 'How far the picture can be trusted, 0 to 1',
    `water`                   String CODEC(ZSTD(1))
        COMMENT 'Water probability on a 32 x 18 grid, one byte a cell; empty: not asked for',
    `ruleset`                 LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'Version of the rules that made the row',
    `version`                 UInt64 CODEC(Delta(8), ZSTD(1))
        COMMENT 'Largest wins: of several judgements the one with the lowest offset',
    `source_offset`           UInt64 CODEC(Delta(8), ZSTD(1))
        COMMENT 'Offset of the event in its partition of the source topic',
    `inserted_at`             DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta(8), ZSTD(1))
        COMMENT 'When ClickHouse took the row; TTLs count from it'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMMDD(captured_at)
ORDER BY (camera_id, captured_at, owner_epoch, sequence)
TTL toDateTime(inserted_at) + INTERVAL 30 DAY
SETTINGS ttl_only_drop_parts = 1
COMMENT 'Everything that a detector said about a frame; what rules are recomputed from.';

CREATE TABLE IF NOT EXISTS frame_outcomes
(
    `camera_id`       LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'The camera',
    `owner_epoch`     UInt64 CODEC(Delta(8), ZSTD(1))
        COMMENT 'Ownership epoch of the camera\'s reader, in ms since 1970',
    `sequence`        UInt64 CODEC(Delta(8), ZSTD(1))
        COMMENT 'Number of the frame within its epoch, dense from 0',
    `outcome`         LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'detected, dead_lettered, shed or expired',
    `reason`          LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'stale or overload (shed), undecodable or refused (dead_lettered), else empty',
    `minute`          DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'Minute in which the frame is accounted for',
    `captured_at`     DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'When the frame was taken',
    `appended_at`     DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'When Kafka took the frame (broker\'s clock)',
    `judged_at`       DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'When the outcome was decided; 1970 for expired',
    `clock_skewed`    Bool CODEC(ZSTD(1))
        COMMENT 'Captured more than 30 s after Kafka took it: the camera\'s clock is off',
    `event_id`        String CODEC(ZSTD(1))
        COMMENT 'Id of the event that said so; empty for expired',
    `camera_revision` UInt32 CODEC(ZSTD(1))
        COMMENT 'Registry revision under which it was judged',
    `source_kind`     LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'Kind of the camera\'s source',
    `simulated`       Bool CODEC(ZSTD(1))
        COMMENT 'True if simulated pictures took part',
    `ruleset`         LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'Version of the rules that made the row',
    `version`         UInt64 CODEC(Delta(8), ZSTD(1))
        COMMENT 'Largest wins: detected, refused, undecodable, overload, stale, expired; then the lowest offset',
    `inserted_at`     DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta(8), ZSTD(1))
        COMMENT 'When ClickHouse took the row; TTLs count from it'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY intDiv(owner_epoch, 2592000000)
ORDER BY (camera_id, owner_epoch, sequence)
TTL toDateTime(inserted_at) + INTERVAL 90 DAY
COMMENT 'What became of a frame: the accounting\'s raw material, written as the outcome arrives.';

CREATE TABLE IF NOT EXISTS capture_counters
(
    `camera_id`         LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'The camera',
    `owner_epoch`       UInt64 CODEC(Delta(8), ZSTD(1))
        COMMENT 'Ownership epoch of the camera\'s reader, in ms since 1970',
    `captured`          UInt64 CODEC(ZSTD(1))
        COMMENT 'Frames acknowledged by Kafka: reported, or proved by a sequence number',
    `captured_reported` UInt64 CODEC(ZSTD(1))
        COMMENT 'Frames that ingest reported as captured',
    `captured_proved`   UInt64 CODEC(ZSTD(1))
        COMMENT 'Largest sequence number with an outcome, plus one',
    `missed`            Map(LowCardinality(String), UInt64) CODEC(ZSTD(1))
        COMMENT 'Samples never captured, by reason',
    `bytes`             UInt64 CODEC(ZSTD(1))
        COMMENT 'JPEG bytes acknowledged by Kafka',
    `reconnects`        UInt64 CODEC(ZSTD(1))
        COMMENT 'How often the source was connected anew',
    `reported_at`       DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'Time of the latest status of the epoch; 1970: none yet',
    `ruleset`           LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'Version of the rules that made the row',
    `version`           UInt64 CODEC(Delta(8), ZSTD(1))
        COMMENT 'Largest wins: the source offset that the row reflects',
    `inserted_at`       DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta(8), ZSTD(1))
        COMMENT 'When ClickHouse took the row; TTLs count from it'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (camera_id, owner_epoch)
COMMENT 'What a reader has done in one epoch, absolute; the largest of every counter that was reported.';

CREATE TABLE IF NOT EXISTS camera_statuses
(
    `camera_id`       LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'The camera',
    `reported_at`     DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'When ingest said so (its clock)',
    `event_id`        FixedString(32) CODEC(ZSTD(1))
        COMMENT 'Id of the event, 32 hex digits',
    `owner_epoch`     UInt64 CODEC(Delta(8), ZSTD(1))
        COMMENT 'Ownership epoch of the camera\'s reader, in ms since 1970',
    `camera_revision` UInt32 CODEC(ZSTD(1))
        COMMENT 'Registry revision under which it was judged',
    `ingest_instance` LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'Worker that owns the camera',
    `source_kind`     LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'Kind of the camera\'s source',
    `state`           LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'connecting, live, stalled, backing_off, refused or stopped',
    `captured`        UInt64 CODEC(ZSTD(1))
        COMMENT 'Frames captured since the epoch began',
    `missed`          Map(LowCardinality(String), UInt64) CODEC(ZSTD(1))
        COMMENT 'Samples missed since, by reason',
    `bytes`           UInt64 CODEC(ZSTD(1))
        COMMENT 'JPEG bytes since',
    `reconnects`      UInt64 CODEC(ZSTD(1))
        COMMENT 'Reconnects since',
    `error_class`     LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'Class of the last error, or empty',
    `error_detail`    String CODEC(ZSTD(1))
        COMMENT 'What a person needs to know of it',
    `ruleset`         LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'Version of the rules that made the row',
    `version`         UInt64 CODEC(Delta(8), ZSTD(1))
        COMMENT 'Largest wins: the source offset that the row reflects',
    `inserted_at`     DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta(8), ZSTD(1))
        COMMENT 'When ClickHouse took the row; TTLs count from it'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(reported_at)
ORDER BY (camera_id, reported_at, event_id)
COMMENT 'A status as ingest reported it.';

CREATE TABLE IF NOT EXISTS decisions
(
    `camera_id`    LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'The camera',
    `event_id`     FixedString(32) CODEC(ZSTD(1))
        COMMENT 'Id of the event, 32 hex digits',
    `decision`     LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'What was decided',
    `decided_at`   DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'When',
    `effective_at` DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'Capture time from which it rules: decided_at, or the watermark if that had passed it',
    `decided_by`   String CODEC(ZSTD(1))
        COMMENT 'Who',
    `reason`       String CODEC(ZSTD(1))
        COMMENT 'Why',
    `episode_id`   String CODEC(ZSTD(1))
        COMMENT 'The episode that it judges, or empty',
    `mask_xs`      Array(Float64) CODEC(ZSTD(1))
        COMMENT 'x of the mask\'s corners, 0 to 1; empty: no mask',
    `mask_ys`      Array(Float64) CODEC(ZSTD(1))
        COMMENT 'y of the mask\'s corners, 0 to 1',
    `ruleset`      LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'Version of the rules that made the row',
    `version`      UInt64 CODEC(Delta(8), ZSTD(1))
        COMMENT 'Largest wins: the source offset that the row reflects',
    `inserted_at`  DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta(8), ZSTD(1))
        COMMENT 'When ClickHouse took the row; TTLs count from it'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (camera_id, event_id)
COMMENT 'A decision of a person, and from when on it rules.';

CREATE TABLE IF NOT EXISTS camera_minutes
(
    `camera_id`          LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'The camera',
    `minute`             DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'Start of the minute of capture time, aligned to UTC',
    `camera_revision`    UInt32 CODEC(ZSTD(1))
        COMMENT 'Largest registry revision among the minute\'s frames',
    `frames`             UInt64 CODEC(ZSTD(1))
        COMMENT 'Frames with an outcome: the sum of the next six',
    `detected`           UInt64 CODEC(ZSTD(1))
        COMMENT 'Judged by a detector',
    `shed_stale`         UInt64 CODEC(ZSTD(1))
        COMMENT 'Shed: too old when a detector came to it',
    `shed_overload`      UInt64 CODEC(ZSTD(1))
        COMMENT 'Shed: the detectors had more than they could do',
    `dead_undecodable`   UInt64 CODEC(ZSTD(1))
        COMMENT 'Dead letter: not a picture',
    `dead_refused`       UInt64 CODEC(ZSTD(1))
        COMMENT 'Dead letter: a picture beyond the bounds',
    `expired`            UInt64 CODEC(ZSTD(1))
        COMMENT 'No outcome that could be taken: inferred from gaps in the sequence',
    `clock_skewed`       UInt64 CODEC(ZSTD(1))
        COMMENT 'Frames whose capture time ran ahead; accounted for when Kafka took them',
    `observed_s`         Float64 CODEC(ZSTD(1))
        COMMENT 'Seconds of the minute that frames observed, at most 2 periods a frame',
    `expected_s`         Float64 CODEC(ZSTD(1))
        COMMENT 'Seconds of the minute that should have been observed',
    `valid`              Bool CODEC(ZSTD(1))
        COMMENT 'False while a camera incident makes the statistics untrustworthy',
    `simulated`          Bool CODEC(ZSTD(1))
        COMMENT 'True if simulated pictures took part',
    `ruleset`            LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'Version of the rules that made the row',
    `late`               UInt64 CODEC(ZSTD(1))
        COMMENT 'Frames that came after their minute was judged and amended its counts',
    `too_late`           UInt64 CODEC(ZSTD(1))
        COMMENT 'Frames more than an hour late that came while this minute was the latest one',
    `age_appended_p50_s` Float64 CODEC(ZSTD(1))
        COMMENT 'Median age of frames when Kafka took them, s',
    `age_appended_p95_s` Float64 CODEC(ZSTD(1))
        COMMENT '95th percentile of the same',
    `age_detected_p50_s` Float64 CODEC(ZSTD(1))
        COMMENT 'Median age of frames when they had been judged, s',
    `age_detected_p95_s` Float64 CODEC(ZSTD(1))
        COMMENT '95th percentile of the same',
    `revision`           UInt32 CODEC(ZSTD(1))
        COMMENT 'How often late frames amended the minute',
    `version`            UInt64 CODEC(Delta(8), ZSTD(1))
        COMMENT 'Largest wins: the source offset that the row reflects',
    `inserted_at`        DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta(8), ZSTD(1))
        COMMENT 'When ClickHouse took the row; TTLs count from it'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(minute)
ORDER BY (camera_id, minute, ruleset)
TTL toDateTime(inserted_at) + INTERVAL 1095 DAY
SETTINGS ttl_only_drop_parts = 1
COMMENT 'What became of a camera\'s frames of one minute, and how much of the minute was observed.';

CREATE TABLE IF NOT EXISTS counter_minutes
(
    `camera_id`       LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'The camera',
    `minute`          DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'Start of the minute of capture time, aligned to UTC',
    `camera_revision` UInt32 CODEC(ZSTD(1))
        COMMENT 'Largest registry revision among the minute\'s frames',
    `frames`          UInt64 CODEC(ZSTD(1))
        COMMENT 'Judged frames that the figures rest on',
    `opening`         LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'open or closed when the minute began; unknown: no opening hours are set',
    `queue_known`     Bool CODEC(ZSTD(1))
        COMMENT 'Whether the camera has a queue zone',
    `queue_median`    Float64 CODEC(ZSTD(1))
        COMMENT 'Median number of people in the queue over frames',
    `queue_max`       UInt64 CODEC(ZSTD(1))
        COMMENT 'Largest number of people in the queue in a frame',
    `queue_mean`      Float64 CODEC(ZSTD(1))
        COMMENT 'Mean number of people in the queue over frames',
    `staffed_known`   Bool CODEC(ZSTD(1))
        COMMENT 'Whether the camera has a staff zone and something was observed',
    `staffed_s`       Float64 CODEC(ZSTD(1))
        COMMENT 'Observed seconds with a person in the staff zone',
    `staffed_ratio`   Float64 CODEC(ZSTD(1))
        COMMENT 'staffed_s / observed_s, 0 to 1',
    `served_known`    Bool CODEC(ZSTD(1))
        COMMENT 'Whether people served can be counted: a counter edge is drawn',
    `served`          UInt64 CODEC(ZSTD(1))
        COMMENT 'People who left the queue across the counter edge',
    `waiting_known`   Bool CODEC(ZSTD(1))
        COMMENT 'Whether at least 3 people were served',
    `waiting_s`       Float64 CODEC(ZSTD(1))
        COMMENT 'Mean waiting time by Little\'s law: queue_mean * observed_s / served',
    `observed_s`      Float64 CODEC(ZSTD(1))
        COMMENT 'Seconds of the minute that frames observed, at most 2 periods a frame',
    `expected_s`      Float64 CODEC(ZSTD(1))
        COMMENT 'Seconds of the minute that should have been observed',
    `valid`           Bool CODEC(ZSTD(1))
        COMMENT 'False while a camera incident makes the statistics untrustworthy',
    `simulated`       Bool CODEC(ZSTD(1))
        COMMENT 'True if simulated pictures took part',
    `ruleset`         LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'Version of the rules that made the row',
    `revision`        UInt32 CODEC(ZSTD(1))
        COMMENT 'How often late frames amended the minute',
    `version`         UInt64 CODEC(Delta(8), ZSTD(1))
        COMMENT 'Largest wins: the source offset that the row reflects',
    `inserted_at`     DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta(8), ZSTD(1))
        COMMENT 'When ClickHouse took the row; TTLs count from it'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(minute)
ORDER BY (camera_id, minute, ruleset)
TTL toDateTime(inserted_at) + INTERVAL 1095 DAY
SETTINGS ttl_only_drop_parts = 1
COMMENT 'Queue and staff of a service counter in one minute. A figure whose ``_known`` is false is 0 and says nothing.';

CREATE TABLE IF NOT EXISTS parking_minutes
(
    `camera_id`       LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'The camera',
    `zone_id`         LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'The zone, unique within its camera',
    `minute`          DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'Start of the minute of capture time, aligned to UTC',
    `camera_revision` UInt32 CODEC(ZSTD(1))
        COMMENT 'Largest registry revision among the minute\'s frames',
    `frames`          UInt64 CODEC(ZSTD(1))
        COMMENT 'Judged frames that the figures rest on',
    `in_force`        Bool CODEC(ZSTD(1))
        COMMENT 'Whether parking was forbidden when the minute began',
    `vehicles_mean`   Float64 CODEC(ZSTD(1))
        COMMENT 'Mean number of vehicles over frames',
    `vehicles_max`    UInt64 CODEC(ZSTD(1))
        COMMENT 'Largest number of vehicles in a frame',
    `vehicle_seconds` Float64 CODEC(ZSTD(1))
        COMMENT 'Vehicles times the seconds that their frame observed, summed',
    `cases_open_max`  UInt64 CODEC(ZSTD(1))
        COMMENT 'Largest number of parking cases open at one frame',
    `observed_s`      Float64 CODEC(ZSTD(1))
        COMMENT 'Seconds of the minute that frames observed, at most 2 periods a frame',
    `expected_s`      Float64 CODEC(ZSTD(1))
        COMMENT 'Seconds of the minute that should have been observed',
    `valid`           Bool CODEC(ZSTD(1))
        COMMENT 'False while a camera incident makes the statistics untrustworthy',
    `simulated`       Bool CODEC(ZSTD(1))
        COMMENT 'True if simulated pictures took part',
    `ruleset`         LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'Version of the rules that made the row',
    `revision`        UInt32 CODEC(ZSTD(1))
        COMMENT 'How often late frames amended the minute',
    `version`         UInt64 CODEC(Delta(8), ZSTD(1))
        COMMENT 'Largest wins: the source offset that the row reflects',
    `inserted_at`     DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta(8), ZSTD(1))
        COMMENT 'When ClickHouse took the row; TTLs count from it'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(minute)
ORDER BY (camera_id, zone_id, minute, ruleset)
TTL toDateTime(inserted_at) + INTERVAL 1095 DAY
SETTINGS ttl_only_drop_parts = 1
COMMENT 'Vehicles in a no-parking zone in one minute, moving ones among them.';

CREATE TABLE IF NOT EXISTS flood_minutes
(
    `camera_id`       LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'The camera',
    `zone_id`         LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'The zone, unique within its camera',
    `minute`          DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'Start of the minute of capture time, aligned to UTC',
    `camera_revision` UInt32 CODEC(ZSTD(1))
        COMMENT 'Largest registry revision among the minute\'s frames',
    `frames`          UInt64 CODEC(ZSTD(1))
        COMMENT 'Judged frames that the figures rest on',
    `state`           LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'Worst of the minute: dry, onset (water, not yet a flood) or flood',
    `ratio_mean`      Float64 CODEC(ZSTD(1))
        COMMENT 'Mean over frames of the ratio under water, 0 to 1',
    `ratio_max`       Float64 CODEC(ZSTD(1))
        COMMENT 'Largest ratio under water in a frame, 0 to 1',
    `reliability_mean` Float64 CODEC(ZSTD(1))
        COMMENT 'Mean over frames of how far the picture can be trusted, 0 to 1',
    `observed_s`      Float64 CODEC(ZSTD(1))
        COMMENT 'Seconds of the minute that frames observed, at most 2 periods a frame',
    `expected_s`      Float64 CODEC(ZSTD(1))
        COMMENT 'Seconds of the minute that should have been observed',
    `valid`           Bool CODEC(ZSTD(1))
        COMMENT 'False while a camera incident makes the statistics untrustworthy',
    `simulated`       Bool CODEC(ZSTD(1))
        COMMENT 'True if simulated pictures took part',
    `ruleset`         LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'Version of the rules that made the row',
    `revision`        UInt32 CODEC(ZSTD(1))
        COMMENT 'How often late frames amended the minute',
    `version`         UInt64 CODEC(Delta(8), ZSTD(1))
        COMMENT 'Largest wins: the source offset that the row reflects',
    `inserted_at`     DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta(8), ZSTD(1))
        COMMENT 'When ClickHouse took the row; TTLs count from it'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(minute)
ORDER BY (camera_id, zone_id, minute, ruleset)
TTL toDateTime(inserted_at) + INTERVAL 1095 DAY
SETTINGS ttl_only_drop_parts = 1
COMMENT 'How much of a water zone was under water in one minute: ratios of its grid cells, above the dry baseline.';

CREATE TABLE IF NOT EXISTS parking_stays
(
    `camera_id`       LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'The camera',
    `zone_id`         LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'The zone, unique within its camera',
    `stay_id`         FixedString(32) CODEC(ZSTD(1))
        COMMENT 'Id of the stay, 32 hex digits',
    `camera_revision` UInt32 CODEC(ZSTD(1))
        COMMENT 'Registry revision under which it was judged',
    `vehicle`         LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'Class in which it was seen most often',
    `phase`           LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'open or ended',
    `started_at`      DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'First stationary sight',
    `last_seen_at`    DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'Last sight',
    `ended_because`   LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'left, rule_changed or no_data; empty while open',
    `dwell_s`         Float64 CODEC(ZSTD(1))
        COMMENT 'Observed seconds from first stationary to last sight, short gaps bridged',
    `frames`          UInt64 CODEC(ZSTD(1))
        COMMENT 'Frames in which it was seen standing',
    `left`            Float64 CODEC(ZSTD(1))
        COMMENT 'Last box, 0 to 1',
    `top`             Float64 CODEC(ZSTD(1))
        COMMENT 'Last box, 0 to 1',
    `right`           Float64 CODEC(ZSTD(1))
        COMMENT 'Last box, 0 to 1',
    `bottom`          Float64 CODEC(ZSTD(1))
        COMMENT 'Last box, 0 to 1',
    `episode_id`      String CODEC(ZSTD(1))
        COMMENT 'The parking case that it belongs to, or empty',
    `first_event_id`  FixedString(32) CODEC(ZSTD(1))
        COMMENT 'Event of the first stationary sight',
    `last_event_id`   FixedString(32) CODEC(ZSTD(1))
        COMMENT 'Event of the last sight',
    `simulated`       Bool CODEC(ZSTD(1))
        COMMENT 'True if simulated pictures took part',
    `ruleset`         LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'Version of the rules that made the row',
    `version`         UInt64 CODEC(Delta(8), ZSTD(1))
        COMMENT 'Largest wins: the source offset that the row reflects',
    `inserted_at`     DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta(8), ZSTD(1))
        COMMENT 'When ClickHouse took the row; TTLs count from it'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (camera_id, zone_id, stay_id, ruleset)
TTL toDateTime(inserted_at) + INTERVAL 90 DAY
COMMENT 'A vehicle that stood still in a no-parking zone, whether it became a case or not.';

CREATE TABLE IF NOT EXISTS episodes
(
    `camera_id`          LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'The camera',
    `episode_id`         FixedString(32) CODEC(ZSTD(1))
        COMMENT 'Id of the episode, 32 hex digits',
    `episode_type`       LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'flood_episode, parking_case, counter_episode or camera_incident',
    `kind`               LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'Of a counter episode or camera incident what it is, else empty',
    `zone_id`            LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'The zone, or empty',
    `camera_revision`    UInt32 CODEC(ZSTD(1))
        COMMENT 'Registry revision under which it was judged',
    `phase`              LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'open or ended',
    `review`             LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'suspected: no rule confirms anything by itself',
    `started_at`         DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'When it began',
    `last_seen_at`       DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'Last frame that shows it',
    `ended_at`           DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'When it ended; 1970 while open',
    `ended_because`      LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'Why it ended; empty while open',
    `first_event_id`     FixedString(32) CODEC(ZSTD(1))
        COMMENT 'Event of the first frame',
    `best_event_id`      FixedString(32) CODEC(ZSTD(1))
        COMMENT 'Event of the frame that shows it best',
    `last_event_id`      FixedString(32) CODEC(ZSTD(1))
        COMMENT 'Event of the last frame',
    `frame_topic`        LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'Topic of its frames',
    `frame_partition`    UInt32 CODEC(ZSTD(1))
        COMMENT 'Their partition',
    `first_frame_offset` UInt64 CODEC(Delta(8), ZSTD(1))
        COMMENT 'Offset of the first frame',
    `best_frame_offset`  UInt64 CODEC(Delta(8), ZSTD(1))
        COMMENT 'Offset of the best frame',
    `last_frame_offset`  UInt64 CODEC(Delta(8), ZSTD(1))
        COMMENT 'Offset of the last frame',
    `why_names`          Array(LowCardinality(String)) CODEC(ZSTD(1))
        COMMENT 'Figures that crossed a threshold',
    `why_values`         Array(Float64) CODEC(ZSTD(1))
        COMMENT 'Their values',
    `why_thresholds`     Array(Float64) CODEC(ZSTD(1))
        COMMENT 'Their thresholds',
    `why_units`          Array(LowCardinality(String)) CODEC(ZSTD(1))
        COMMENT 'Their units',
    `vehicle`            LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'Parking: class of the vehicle, else empty',
    `left`               Float64 CODEC(ZSTD(1))
        COMMENT 'Parking: last box, 0 to 1',
    `top`                Float64 CODEC(ZSTD(1))
        COMMENT 'Parking: last box, 0 to 1',
    `right`              Float64 CODEC(ZSTD(1))
        COMMENT 'Parking: last box, 0 to 1',
    `bottom`             Float64 CODEC(ZSTD(1))
        COMMENT 'Parking: last box, 0 to 1',
    `dwell_s`            Float64 CODEC(ZSTD(1))
        COMMENT 'Parking: observed seconds that the vehicle stood',
    `people_waiting_max` UInt64 CODEC(ZSTD(1))
        COMMENT 'Counter: most people waiting in a frame',
    `peak_ratio`         Float64 CODEC(ZSTD(1))
        COMMENT 'Flood: largest ratio of the zone under water, 0 to 1',
    `peak_at`            DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'Flood: when that was; else 1970',
    `recession_at`       DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'Flood: last time at 0.9 of the peak or more; 1970: not yet',
    `cleared_at`         DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
        COMMENT 'Flood: start of the run that cleared it; 1970: not yet',
    `quarantined`        Bool CODEC(ZSTD(1))
        COMMENT 'Camera: rows are not valid until a person releases it',
    `released_by`        String CODEC(ZSTD(1))
        COMMENT 'Camera: who released it, or empty',
    `simulated`          Bool CODEC(ZSTD(1))
        COMMENT 'True if simulated pictures took part',
    `ruleset`            LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'Version of the rules that made the row',
    `revision`           UInt32 CODEC(ZSTD(1))
        COMMENT 'Largest wins among messages of the episode',
    `version`            UInt64 CODEC(Delta(8), ZSTD(1))
        COMMENT 'Largest wins: the source offset that the row reflects',
    `inserted_at`        DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta(8), ZSTD(1))
        COMMENT 'When ClickHouse took the row; TTLs count from it'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (camera_id, episode_id, ruleset)
TTL toDateTime(inserted_at) + INTERVAL 1095 DAY
COMMENT 'An episode as last published on its topic. A decision about it lies in ``decisions`` and is merged on reading.';
