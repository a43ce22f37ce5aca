-- Who owns which camera: each epoch of capture_counters tells its worker, how it stands and how it ended; the registry
-- says which cameras should have an owner; two views put them side by side. Rows of epochs that ended before this
-- migration know no worker.

ALTER TABLE capture_counters ADD COLUMN IF NOT EXISTS ingest_instance LowCardinality(String) CODEC(ZSTD(1))
    COMMENT 'Worker that owns the camera in this epoch; empty: not known' AFTER reconnects;

ALTER TABLE capture_counters ADD COLUMN IF NOT EXISTS state LowCardinality(String) CODEC(ZSTD(1))
    COMMENT 'State of the camera as last reported; empty: none yet' AFTER ingest_instance;

ALTER TABLE capture_counters ADD COLUMN IF NOT EXISTS error_class LowCardinality(String) CODEC(ZSTD(1))
    COMMENT 'Class of its error as last reported, or empty' AFTER state;

ALTER TABLE capture_counters ADD COLUMN IF NOT EXISTS error_detail String CODEC(ZSTD(1))
    COMMENT 'What a person needs to know of it' AFTER error_class;

ALTER TABLE capture_counters ADD COLUMN IF NOT EXISTS released_at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
    COMMENT 'When the worker said that it let the camera go; 1970: it has not' AFTER error_detail;

ALTER TABLE capture_counters ADD COLUMN IF NOT EXISTS active_at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1))
    COMMENT 'Latest sign of life: a status, or a frame that Kafka took; 1970: none' AFTER released_at;

ALTER TABLE capture_counters MODIFY COMMENT 'An ownership: who read a camera in one epoch, and what it has done; the largest of every counter reported.';

ALTER TABLE camera_statuses ADD COLUMN IF NOT EXISTS decoding LowCardinality(String) CODEC(ZSTD(1))
    COMMENT 'passthrough, keyframes or all: what is decoded; empty: nothing yet' AFTER error_detail;

ALTER TABLE camera_statuses ADD COLUMN IF NOT EXISTS keyframe_seconds Float64 CODEC(ZSTD(1))
    COMMENT 'Time between keyframes as last seen, s; 0: there are none' AFTER decoding;

CREATE TABLE IF NOT EXISTS cameras
(
    `camera_id`   LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'The camera',
    `revision`    UInt32 CODEC(ZSTD(1))
        COMMENT 'Number of the revision; the largest one holds',
    `name`        String CODEC(ZSTD(1))
        COMMENT 'What people call it',
    `kind`        LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'counter, market, street or pump',
    `kecamatan`   LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'District in which it stands',
    `kelurahan`   LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'Village or quarter in which it stands',
    `rw`          LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'Hamlet (rukun warga), or empty',
    `rt`          LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'Neighbourhood (rukun tetangga), or empty',
    `latitude`    Float64 CODEC(ZSTD(1))
        COMMENT 'WGS 84, degrees',
    `longitude`   Float64 CODEC(ZSTD(1))
        COMMENT 'WGS 84, degrees',
    `source_kind` LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'Kind of the camera\'s source',
    `simulated`   Bool CODEC(ZSTD(1))
        COMMENT 'True if effects are laid over its pictures',
    `sample_fps`  Float64 CODEC(ZSTD(1))
        COMMENT 'Samples a second that are wanted of it',
    `tiles`       LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'How its frames are cut for detection: 1x1 or 2x2',
    `record`      Bool CODEC(ZSTD(1))
        COMMENT 'True if its video is kept',
    `public`      Bool CODEC(ZSTD(1))
        COMMENT 'True if a person has approved it for the public pages',
    `state`       LowCardinality(String) CODEC(ZSTD(1))
        COMMENT 'active, paused or removed',
    `version`     UInt64 CODEC(ZSTD(1))
        COMMENT 'The revision: a revision never changes, so rows of one are equal',
    `inserted_at` DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta(8), ZSTD(1))
        COMMENT 'When ClickHouse took the row; TTLs count from it'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (camera_id, revision)
COMMENT 'A revision of a camera\'s registry entry. It says where a camera stands, never where its pictures come from.';

CREATE VIEW IF NOT EXISTS camera_ownerships
(
    `camera_id`       LowCardinality(String) COMMENT 'The camera',
    `owner_epoch`     UInt64 COMMENT 'Epoch of the ownership, in ms since 1970; the larger one rules',
    `ingest_instance` LowCardinality(String) COMMENT 'The worker; empty: not known',
    `owned_from`      DateTime64(3, 'UTC') COMMENT 'When the ownership began (the worker\'s clock)',
    `owned_until`     DateTime64(3, 'UTC') COMMENT 'When it was let go, else its last sign of life; 1970: still owned',
    `ended`           String COMMENT 'released, superseded (unreleased), silent (for 150 s), or owned: still is',
    `gap_seconds`     Float64 COMMENT 'From owned_until to the next ownership; negative: two at once; 0: there is no next',
    `next_instance`   LowCardinality(String) COMMENT 'Worker of the next ownership; empty: there is none',
    `state`           LowCardinality(String) COMMENT 'State of the camera as last reported',
    `error_class`     LowCardinality(String) COMMENT 'Class of its error as last reported, or empty',
    `error_detail`    String COMMENT 'What a person needs to know of it',
    `active_at`       DateTime64(3, 'UTC') COMMENT 'Latest sign of life: a status, or a frame that Kafka took',
    `captured`        UInt64 COMMENT 'Frames acknowledged by Kafka',
    `missed`          Map(LowCardinality(String), UInt64) COMMENT 'Samples never captured, by reason',
    `reconnects`      UInt64 COMMENT 'How often the source was connected anew'
)
AS SELECT
    camera_id,
    owner_epoch,
    ingest_instance,
    fromUnixTimestamp64Milli(toInt64(owner_epoch), 'UTC') AS owned_from,
    multiIf(
        ended = 'owned', fromUnixTimestamp64Milli(toInt64(0), 'UTC'),
        ended = 'released', released_at,
        active_at
    ) AS owned_until,
    multiIf(
        toUnixTimestamp64Milli(released_at) > 0, 'released',
        next_epoch > 0, 'superseded',
        active_at < now64(3) - INTERVAL 150 SECOND, 'silent',
        'owned'
    ) AS ended,
    if(next_epoch > 0, (toInt64(next_epoch) - toUnixTimestamp64Milli(owned_until)) / 1000, 0) AS gap_seconds,
    next_instance,
    state,
    error_class,
    error_detail,
    active_at,
    captured,
    missed,
    reconnects
FROM
(
    SELECT
        *,
        leadInFrame(owner_epoch, 1, toUInt64(0)) OVER camera AS next_epoch,
        leadInFrame(ingest_instance) OVER camera AS next_instance
    FROM capture_counters FINAL
    WINDOW camera AS (PARTITION BY camera_id ORDER BY owner_epoch ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING)
)
COMMENT 'Who owned each camera, from when until when, and how that ended: the story of its coverage';

CREATE VIEW IF NOT EXISTS camera_coverage
(
    `camera_id`    LowCardinality(String) COMMENT 'A camera that is active in the registry',
    `revision`     UInt32 COMMENT 'Its newest revision',
    `name`         String COMMENT 'What people call it',
    `kecamatan`    LowCardinality(String) COMMENT 'District in which it stands',
    `kelurahan`    LowCardinality(String) COMMENT 'Village or quarter in which it stands',
    `covered`      Bool COMMENT 'True if exactly one worker owns it',
    `owners_now`   UInt64 COMMENT 'Owners: a sign within 150 s, not let go, and not silent since a newer epoch began',
    `owner`        LowCardinality(String) COMMENT 'Worker of its newest epoch, if that is an owner; else empty',
    `owner_epoch`  UInt64 COMMENT 'Its newest epoch, in ms since 1970; 0: never owned',
    `since`        DateTime64(3, 'UTC') COMMENT 'When that began; 1970: never owned',
    `last_owner`   LowCardinality(String) COMMENT 'Worker of its newest epoch, also if it owns it no more',
    `state`        LowCardinality(String) COMMENT 'State of the camera as last reported; empty: never owned',
    `error_class`  LowCardinality(String) COMMENT 'Class of its error as last reported, or empty',
    `error_detail` String COMMENT 'What a person needs to know of it',
    `active_at`    DateTime64(3, 'UTC') COMMENT 'Latest sign of life: a status, or a frame; 1970: never owned',
    `reported_at`  DateTime64(3, 'UTC') COMMENT 'Time of the latest status of its newest epoch; 1970: none yet'
)
AS SELECT
    c.camera_id AS camera_id,
    c.revision AS revision,
    c.name AS name,
    c.kecamatan AS kecamatan,
    c.kelurahan AS kelurahan,
    owners = 1 AS covered,
    owners AS owners_now,
    if(o.newest_owns, o.instance, '') AS owner,
    o.newest AS owner_epoch,
    fromUnixTimestamp64Milli(toInt64(o.newest), 'UTC') AS since,
    o.instance AS last_owner,
    o.last_state AS state,
    o.last_error_class AS error_class,
    o.last_error_detail AS error_detail,
    o.last_active_at AS active_at,
    o.last_reported_at AS reported_at
FROM
(
    SELECT
        camera_id,
        max(r.revision) AS revision,
        argMax(r.name, r.revision) AS name,
        argMax(r.kecamatan, r.revision) AS kecamatan,
        argMax(r.kelurahan, r.revision) AS kelurahan
    FROM cameras AS r FINAL
    GROUP BY camera_id
    HAVING argMax(r.state, r.revision) = 'active'
) AS c
LEFT JOIN
(
    SELECT
        camera_id,
        max(e.owner_epoch) AS newest,
        countIf(e.owns) AS owners,
        argMax(e.owns, e.owner_epoch) AS newest_owns,
        argMax(e.ingest_instance, e.owner_epoch) AS instance,
        argMax(e.state, e.owner_epoch) AS last_state,
        argMax(e.error_class, e.owner_epoch) AS last_error_class,
        argMax(e.error_detail, e.owner_epoch) AS last_error_detail,
        argMax(e.active_at, e.owner_epoch) AS last_active_at,
        argMax(e.reported_at, e.owner_epoch) AS last_reported_at
    FROM
    (
        SELECT
            *,
            toUnixTimestamp64Milli(released_at) = 0
                AND active_at >= now64(3) - INTERVAL 150 SECOND
                AND (owner_epoch = newest_epoch OR toUnixTimestamp64Milli(active_at) > newest_epoch + 5000) AS owns
        FROM
        (
            SELECT *, max(owner_epoch) OVER (PARTITION BY camera_id) AS newest_epoch FROM capture_counters FINAL
        )
    ) AS e
    GROUP BY camera_id
) AS o ON o.camera_id = c.camera_id
COMMENT 'Whether every active camera is owned by exactly one worker. Silence is certain after 150 s: statuses come each 60';
