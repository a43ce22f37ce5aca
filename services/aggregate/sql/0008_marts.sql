-- Marts: what city data teams work with, one view each, with names and places beside the figures. They rest on the
-- tiers and on reviewed episodes; a filter on day, hour or camera_id reaches the primary key below. Days and hours of
-- the day are Asia/Jakarta; statistics rest on valid minutes; what is simulated is in none of them, only that a camera
-- which sends simulated pictures is up. Where something can't be known, its _known column is false and the figure is 0.
-- What was dark counts as not observed: days come from calendars of what was there. What people rejected stays visible
-- where a row is a case (review), and is left out where cases are counted, unless a column says otherwise. First stands
-- what they need: the first decision about an episode, and patience with a camera of which no samples are wanted.

DROP VIEW IF EXISTS flood_minutes_by_day;

CREATE OR REPLACE VIEW cameras_blind_now
(
    `camera_id`    LowCardinality(String) COMMENT 'A camera that is active in the registry and sees nothing now',
    `name`         String COMMENT 'What people call it',
    `kind`         LowCardinality(String) COMMENT 'counter, market, street or pump',
    `kecamatan`    LowCardinality(String) COMMENT 'District in which it stands',
    `kelurahan`    LowCardinality(String) COMMENT 'Village or quarter in which it stands',
    `blind_since`  DateTime64(3, 'UTC') COMMENT 'End of the last minute with a judged, valid frame; 1970: none in 24 h',
    `reason`       String COMMENT 'not_owned, not_live, no_frames, not_judged or not_valid: the first that holds',
    `source_state` LowCardinality(String) COMMENT 'State of its source as last reported; empty: never owned',
    `error_class`  LowCardinality(String) COMMENT 'Class of its error as last reported, or empty',
    `error_detail` String COMMENT 'What a person needs to know of it',
    `owner`        LowCardinality(String) COMMENT 'Worker that owns it; empty: none'
)
AS WITH toIntervalSecond(toUInt32(if(
    c.sample_fps > 0, least(86400, greatest(180, 60 + 3 / c.sample_fps)), 180
))) AS patience
SELECT
    c.camera_id AS camera_id,
    c.name AS name,
    c.kind AS kind,
    c.kecamatan AS kecamatan,
    c.kelurahan AS kelurahan,
    m.seen_until AS blind_since,
    multiIf(
        NOT o.covered, 'not_owned',
        o.state NOT IN ('live', ''), 'not_live',
        m.framed_until < now64(3) - patience, 'no_frames',
        m.judged_until < now64(3) - patience, 'not_judged',
        'not_valid'
    ) AS reason,
    o.state AS source_state,
    o.error_class AS error_class,
    o.error_detail AS error_detail,
    o.owner AS owner
FROM current_cameras AS c
LEFT JOIN camera_coverage AS o ON o.camera_id = c.camera_id
LEFT JOIN
(
    SELECT
        camera_id,
        max(minute) + INTERVAL 1 MINUTE AS framed_until,
        maxIf(minute + INTERVAL 1 MINUTE, detected > 0) AS judged_until,
        maxIf(minute + INTERVAL 1 MINUTE, detected > 0 AND valid) AS seen_until
    FROM current_camera_minutes
    WHERE minute >= now64(3) - INTERVAL 1 DAY
    GROUP BY camera_id
) AS m ON m.camera_id = c.camera_id
WHERE c.state = 'active' AND m.seen_until < now64(3) - patience
COMMENT 'Cameras that should see and do not: no valid, judged frame for max(180 s, a minute and 3 sampling periods)';

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
    `reviewed_by`        String COMMENT 'Who decided it, or empty',
    `first_reviewed_at`  DateTime64(3, 'UTC') COMMENT 'When a person first decided about it; 1970: not yet'
)
AS SELECT
    e.* EXCEPT (review),
    multiIf(d.verdict = 'episode_confirmed', 'confirmed', d.verdict = 'episode_rejected', 'rejected', e.review)
        AS review,
    d.decided_at AS reviewed_at,
    d.decided_by AS reviewed_by,
    d.first_decided_at AS first_reviewed_at
FROM current_episodes AS e
LEFT JOIN
(
    SELECT
        camera_id,
        episode_id,
        argMax(decision, (r.decided_at, version)) AS verdict,
        argMax(r.decided_by, (r.decided_at, version)) AS decided_by,
        max(r.decided_at) AS decided_at,
        min(r.decided_at) AS first_decided_at
    FROM decisions AS r FINAL
    WHERE decision IN ('episode_confirmed', 'episode_rejected')
    GROUP BY camera_id, episode_id
) AS d ON d.camera_id = e.camera_id AND d.episode_id = toString(e.episode_id)
COMMENT 'Current episodes with what people decided about them: review is replaced by the last decision';

CREATE OR REPLACE VIEW camera_calendar
(
    `camera_id` LowCardinality(String) COMMENT 'The camera',
    `day`       Date COMMENT 'Day in Asia/Jakarta',
    `day_s`     UInt32 COMMENT 'Seconds of the day, 86,400; of today those so far'
)
AS SELECT
    o.camera_id AS camera_id,
    arrayJoin(arrayMap(
        n -> o.first_day + toUInt16(n),
        range(toUInt32(greatest(0, 1 + if(r.state = 'active', o.today, o.last_day) - o.first_day)))
    )) AS day,
    toUInt32(if(
        day = o.today,
        greatest(1, dateDiff('second', toStartOfDay(now('Asia/Jakarta')), now('Asia/Jakarta'))),
        86400
    )) AS day_s
FROM
(
    SELECT
        camera_id,
        toDate(now('Asia/Jakarta')) AS today,
        greatest(
            toDate(fromUnixTimestamp64Milli(toInt64(min(owner_epoch)), 'UTC'), 'Asia/Jakarta'), today - 3650
        ) AS first_day,
        least(toDate(max(active_at), 'Asia/Jakarta'), today) AS last_day
    FROM capture_counters
    GROUP BY camera_id
) AS o
INNER JOIN current_cameras AS r ON r.camera_id = o.camera_id
COMMENT 'Days on which a camera was there, from its first owner until today or its last one; pauses between are in it';

CREATE OR REPLACE VIEW flood_daily_by_kelurahan
(
    `kecamatan`      LowCardinality(String) COMMENT 'District',
    `kelurahan`      LowCardinality(String) COMMENT 'Village or quarter',
    `day`            Date COMMENT 'Day in Asia/Jakarta',
    `flood_minutes`  UInt64 COMMENT 'Minutes in which at least one water zone of the kelurahan was flooded',
    `hours_flooded`  Array(UInt8) COMMENT 'Hours of the day (0 to 23) with such a minute, in order',
    `zone_minutes`   UInt64 COMMENT 'Flooded minutes summed over zones',
    `zones`          UInt64 COMMENT 'Water zones with a row in the day that is not simulated',
    `zones_flooded`  UInt64 COMMENT 'Those of them that were flooded in a minute of it',
    `zones_expected` UInt64
        COMMENT 'Water zones that were there: first to last row; until today if on its active camera\'s last day',
    `cameras`        UInt64 COMMENT 'Cameras of the zones with a row',
    `ratio_max`      Float64 COMMENT 'Largest ratio under water of a zone in a frame, 0 to 1',
    `known`          Bool COMMENT 'Whether anything was observed: false means that 0 flood minutes say nothing',
    `observed_ratio` Float64
        COMMENT 'Part of the 24 h of zones_expected that valid minutes observed, 0 to 1; of today so far'
)
AS SELECT
    kecamatan,
    kelurahan,
    day,
    sum(bitCount(u.flood_bits)) AS flood_minutes,
    arraySort(groupArrayIf(u.hour_of_day, u.flood_bits > 0)) AS hours_flooded,
    sum(u.zone_minutes) AS zone_minutes,
    uniqExactIf((u.camera_id, u.zone_id), u.has_row) AS zones,
    uniqExactIf((u.camera_id, u.zone_id), u.zone_minutes > 0) AS zones_flooded,
    uniqExactIf((u.camera_id, u.zone_id), u.zone_id != '') AS zones_expected,
    uniqExactIf(u.camera_id, u.has_row) AS cameras,
    max(u.ratio_max) AS ratio_max,
    toBool(sum(u.observed_s) > 0) AS known,
    if(zones_expected > 0, least(1, sum(u.observed_s) / (zones_expected * if(
        day = toDate(now('Asia/Jakarta')),
        greatest(1, dateDiff('second', toStartOfDay(now('Asia/Jakarta')), now('Asia/Jakarta'))),
        86400
    ))), 0) AS observed_ratio
FROM
(
    SELECT
        p.kecamatan AS kecamatan,
        p.kelurahan AS kelurahan,
        toDate(p.hour, 'Asia/Jakarta') AS day,
        toHour(p.hour, 'Asia/Jakarta') AS hour_of_day,
        p.flood_bits AS flood_bits,
        '' AS camera_id,
        '' AS zone_id,
        false AS has_row,
        toUInt64(0) AS zone_minutes,
        toFloat64(0) AS ratio_max,
        toFloat64(0) AS observed_s
    FROM
    (
        SELECT
            c.kecamatan AS kecamatan,
            c.kelurahan AS kelurahan,
            h.hour AS hour,
            groupBitOr(h.flood_bits) AS flood_bits
        FROM flood_hours AS h FINAL
        INNER JOIN current_cameras AS c ON c.camera_id = h.camera_id
        WHERE h.minutes > h.simulated_minutes
        GROUP BY kecamatan, kelurahan, hour
    ) AS p
    UNION ALL
    SELECT
        c.kecamatan, c.kelurahan, d.day, 0, 0, toString(d.camera_id), toString(d.zone_id), true, d.zone_minutes,
        d.ratio_max, d.observed_s
    FROM
    (
        SELECT
            camera_id,
            zone_id,
            toDate(hour, 'Asia/Jakarta') AS day,
            sum(toUInt64(h.flood_minutes)) AS zone_minutes,
            max(h.ratio_max) AS ratio_max,
            sum(h.valid_observed_s) AS observed_s
        FROM flood_hours AS h FINAL
        WHERE h.minutes > h.simulated_minutes
        GROUP BY camera_id, zone_id, day
    ) AS d
    INNER JOIN current_cameras AS c ON c.camera_id = d.camera_id
    UNION ALL
    SELECT
        z.kecamatan,
        z.kelurahan,
        arrayJoin(arrayMap(n -> z.first_day + toUInt16(n), range(toUInt32(1 + z.until_day - z.first_day)))) AS day,
        0, 0, toString(z.camera_id), toString(z.zone_id), false, 0, 0, 0
    FROM
    (
        SELECT
            c.kecamatan AS kecamatan,
            c.kelurahan AS kelurahan,
            s.camera_id AS camera_id,
            s.zone_id AS zone_id,
            s.first_day AS first_day,
            if(
                c.state = 'active' AND s.last_day = max(s.last_day) OVER (PARTITION BY s.camera_id),
                toDate(now('Asia/Jakarta')),
                s.last_day
            ) AS until_day
        FROM
        (
            SELECT
                camera_id,
                zone_id,
                toDate(min(hour), 'Asia/Jakarta') AS first_day,
                toDate(max(hour), 'Asia/Jakarta') AS last_day
            FROM flood_hours
            WHERE minutes > simulated_minutes AND hour <= now64(3)
            GROUP BY camera_id, zone_id
        ) AS s
        INNER JOIN current_cameras AS c ON c.camera_id = s.camera_id
    ) AS z
) AS u
GROUP BY kecamatan, kelurahan, day
COMMENT 'How long each kelurahan was flooded on a day, by valid minutes; dark days too, rejected floods not taken off';

CREATE OR REPLACE VIEW flood_events
(
    `camera_id`         LowCardinality(String) COMMENT 'The camera',
    `name`              String COMMENT 'What people call it',
    `kecamatan`         LowCardinality(String) COMMENT 'District in which it stands',
    `kelurahan`         LowCardinality(String) COMMENT 'Village or quarter in which it stands',
    `latitude`          Float64 COMMENT 'WGS 84, degrees',
    `longitude`         Float64 COMMENT 'WGS 84, degrees',
    `zone_id`           LowCardinality(String) COMMENT 'The water zone, unique within its camera',
    `episode_id`        String COMMENT 'Id of the episode, 32 hex digits',
    `day`               Date COMMENT 'Day in Asia/Jakarta on which it began',
    `started_at`        DateTime64(3, 'UTC') COMMENT 'Onset: when it began',
    `peak_at`           DateTime64(3, 'UTC') COMMENT 'When most was under water; 1970: not known',
    `peak_ratio`        Float64 COMMENT 'Largest ratio of the zone under water, 0 to 1',
    `recession_at`      DateTime64(3, 'UTC') COMMENT 'Last time at 0.9 of the peak or more; 1970: not yet',
    `cleared_at`        DateTime64(3, 'UTC') COMMENT 'Start of the run that cleared it; 1970: not yet',
    `ended_at`          DateTime64(3, 'UTC') COMMENT 'When it ended; 1970 while open',
    `open`              Bool COMMENT 'True while it goes on',
    `ended_because`     LowCardinality(String) COMMENT 'Why it ended; empty while open',
    `duration_s`        Float64 COMMENT 'From onset to its end, or to the last frame that shows it, s',
    `peak_known`        Bool COMMENT 'Whether the time of the peak is known',
    `onset_to_peak_s`   Float64 COMMENT 'From onset to peak, s',
    `cleared_known`     Bool COMMENT 'Whether it has cleared',
    `peak_to_cleared_s` Float64 COMMENT 'From peak to cleared, s',
    `review`            String COMMENT 'suspected, confirmed or rejected: the last decision about it',
    `reviewed_known`    Bool COMMENT 'Whether a person has decided about it',
    `first_reviewed_at` DateTime64(3, 'UTC') COMMENT 'When a person first decided about it; 1970: not yet',
    `reviewed_at`       DateTime64(3, 'UTC') COMMENT 'When that was decided which review says; 1970: not yet',
    `onset_to_review_s` Float64 COMMENT 'Response time: from onset to the first decision, s',
    `portal_path`       String COMMENT 'Path of the camera\'s page at the peak; put the portal\'s address before it'
)
AS SELECT
    e.camera_id AS camera_id,
    c.name AS name,
    c.kecamatan AS kecamatan,
    c.kelurahan AS kelurahan,
    c.latitude AS latitude,
    c.longitude AS longitude,
    e.zone_id AS zone_id,
    toString(e.episode_id) AS episode_id,
    toDate(e.started_at, 'Asia/Jakarta') AS day,
    e.started_at AS started_at,
    e.peak_at AS peak_at,
    e.peak_ratio AS peak_ratio,
    e.recession_at AS recession_at,
    e.cleared_at AS cleared_at,
    e.ended_at AS ended_at,
    toBool(e.phase = 'open') AS open,
    e.ended_because AS ended_because,
    dateDiff('millisecond', e.started_at, if(e.phase = 'open', e.last_seen_at, e.ended_at)) / 1000 AS duration_s,
    toBool(toUnixTimestamp64Milli(e.peak_at) > 0) AS peak_known,
    if(peak_known, dateDiff('millisecond', e.started_at, e.peak_at) / 1000, 0) AS onset_to_peak_s,
    toBool(toUnixTimestamp64Milli(e.cleared_at) > 0) AS cleared_known,
    if(peak_known AND cleared_known, dateDiff('millisecond', e.peak_at, e.cleared_at) / 1000, 0) AS peak_to_cleared_s,
    e.review AS review,
    toBool(toUnixTimestamp64Milli(e.reviewed_at) > 0) AS reviewed_known,
    e.first_reviewed_at AS first_reviewed_at,
    e.reviewed_at AS reviewed_at,
    if(reviewed_known, dateDiff('millisecond', e.started_at, e.first_reviewed_at) / 1000, 0) AS onset_to_review_s,
    concat(
        '/cameras/', e.camera_id, '?at=', toString(toUnixTimestamp64Milli(if(peak_known, e.peak_at, e.started_at)))
    ) AS portal_path
FROM episodes_reviewed AS e
LEFT JOIN current_cameras AS c ON c.camera_id = e.camera_id
WHERE e.episode_type = 'flood_episode' AND NOT e.simulated
COMMENT 'One row a flood: place, course, review and response time; rejected ones too, simulated ones not';

CREATE OR REPLACE VIEW parking_cases
(
    `camera_id`         LowCardinality(String) COMMENT 'The camera; it stands for its street: the registry knows none',
    `name`              String COMMENT 'What people call it',
    `kecamatan`         LowCardinality(String) COMMENT 'District in which it stands',
    `kelurahan`         LowCardinality(String) COMMENT 'Village or quarter in which it stands',
    `latitude`          Float64 COMMENT 'WGS 84, degrees',
    `longitude`         Float64 COMMENT 'WGS 84, degrees',
    `zone_id`           LowCardinality(String) COMMENT 'The no-parking zone, unique within its camera',
    `episode_id`        String COMMENT 'Id of the case, 32 hex digits',
    `vehicle`           LowCardinality(String) COMMENT 'Class of the vehicle',
    `day`               Date COMMENT 'Day in Asia/Jakarta on which it began',
    `hour_of_day`       UInt8 COMMENT 'Hour of the day in Asia/Jakarta in which it began, 0 to 23',
    `started_at`        DateTime64(3, 'UTC') COMMENT 'When it began',
    `last_seen_at`      DateTime64(3, 'UTC') COMMENT 'Last frame that shows it',
    `ended_at`          DateTime64(3, 'UTC') COMMENT 'When it ended; 1970 while open',
    `open`              Bool COMMENT 'True while it goes on',
    `ended_because`     LowCardinality(String) COMMENT 'Why it ended; empty while open',
    `dwell_s`           Float64 COMMENT 'Observed seconds that the vehicle stood',
    `duration_s`        Float64 COMMENT 'From its begin to its end, or to the last frame that shows it, s',
    `review`            String COMMENT 'suspected, confirmed or rejected: the last decision about it',
    `reviewed_known`    Bool COMMENT 'Whether a person has decided about it',
    `first_reviewed_at` DateTime64(3, 'UTC') COMMENT 'When a person first decided about it; 1970: not yet',
    `reviewed_at`       DateTime64(3, 'UTC') COMMENT 'When that was decided which review says; 1970: not yet',
    `start_to_review_s` Float64 COMMENT 'Response time: from its begin to the first decision, s',
    `best_event_id`     String COMMENT 'Event of the frame that shows it best',
    `portal_path`       String COMMENT 'Path of the camera\'s page at its begin; put the portal\'s address before it'
)
AS SELECT
    e.camera_id AS camera_id,
    c.name AS name,
    c.kecamatan AS kecamatan,
    c.kelurahan AS kelurahan,
    c.latitude AS latitude,
    c.longitude AS longitude,
    e.zone_id AS zone_id,
    toString(e.episode_id) AS episode_id,
    e.vehicle AS vehicle,
    toDate(e.started_at, 'Asia/Jakarta') AS day,
    toHour(e.started_at, 'Asia/Jakarta') AS hour_of_day,
    e.started_at AS started_at,
    e.last_seen_at AS last_seen_at,
    e.ended_at AS ended_at,
    toBool(e.phase = 'open') AS open,
    e.ended_because AS ended_because,
    e.dwell_s AS dwell_s,
    dateDiff('millisecond', e.started_at, if(e.phase = 'open', e.last_seen_at, e.ended_at)) / 1000 AS duration_s,
    e.review AS review,
    toBool(toUnixTimestamp64Milli(e.reviewed_at) > 0) AS reviewed_known,
    e.first_reviewed_at AS first_reviewed_at,
    e.reviewed_at AS reviewed_at,
    if(reviewed_known, dateDiff('millisecond', e.started_at, e.first_reviewed_at) / 1000, 0) AS start_to_review_s,
    toString(e.best_event_id) AS best_event_id,
    concat('/cameras/', e.camera_id, '?at=', toString(toUnixTimestamp64Milli(e.started_at))) AS portal_path
FROM episodes_reviewed AS e
LEFT JOIN current_cameras AS c ON c.camera_id = e.camera_id
WHERE e.episode_type = 'parking_case' AND NOT e.simulated
COMMENT 'One row a parking case: place, times, review, way to its pictures; rejected ones too, simulated ones not';

CREATE OR REPLACE VIEW counter_service_hourly
(
    `camera_id`         LowCardinality(String) COMMENT 'The counter\'s camera',
    `name`              String COMMENT 'What people call it',
    `kecamatan`         LowCardinality(String) COMMENT 'District in which it stands',
    `kelurahan`         LowCardinality(String) COMMENT 'Village or quarter in which it stands',
    `hour`              DateTime64(3, 'UTC') COMMENT 'Start of the hour, UTC',
    `day`               Date COMMENT 'Its day in Asia/Jakarta',
    `hour_of_day`       UInt8 COMMENT 'Its hour of the day in Asia/Jakarta, 0 to 23',
    `open_minutes`      UInt32 COMMENT 'Valid minutes that began in opening hours, or where none are set, at most 60',
    `queue_known`       Bool COMMENT 'Whether the queue was observed',
    `queue_mean`        Float64 COMMENT 'Mean number of people in the queue',
    `queue_max`         UInt64 COMMENT 'Largest number of people in the queue in a frame',
    `queue_person_s`    Float64 COMMENT 'People in the queue times seconds: to add hours up, by queue_s',
    `queue_s`           Float64 COMMENT 'Seconds observed of the queue',
    `staffed_known`     Bool COMMENT 'Whether the staff zone was observed',
    `staffed_ratio`     Float64 COMMENT 'Part of the observed time with a person in the staff zone, 0 to 1',
    `staffed_s`         Float64 COMMENT 'Seconds with a person in it: to add hours up, by staff_s',
    `staff_s`           Float64 COMMENT 'Seconds observed of the staff zone',
    `served_known`      Bool COMMENT 'Whether people served could be counted in all open minutes',
    `served`            UInt64 COMMENT 'People served in the minutes in which they could be counted',
    `waiting_known`     Bool COMMENT 'Whether the waiting time can be estimated: served_known and at least 3 served',
    `waiting_s`         Float64 COMMENT 'Mean waiting time by Little\'s law: queue_person_s / served',
    `unattended`        UInt64 COMMENT 'Episodes unattended that began in the hour and that people have not rejected',
    `not_valid_minutes` UInt32 COMMENT 'Minutes with a row that are neither valid nor simulated',
    `simulated_minutes` UInt32 COMMENT 'Minutes with simulated pictures; in no other column'
)
AS SELECT
    h.camera_id AS camera_id,
    c.name AS name,
    c.kecamatan AS kecamatan,
    c.kelurahan AS kelurahan,
    h.hour AS hour,
    toDate(h.hour, 'Asia/Jakarta') AS day,
    toHour(h.hour, 'Asia/Jakarta') AS hour_of_day,
    h.open_minutes AS open_minutes,
    toBool(h.queue_s > 0) AS queue_known,
    if(queue_known, h.queue_person_s / h.queue_s, 0) AS queue_mean,
    h.queue_max AS queue_max,
    h.queue_person_s AS queue_person_s,
    h.queue_s AS queue_s,
    toBool(h.staff_s > 0) AS staffed_known,
    if(staffed_known, h.staffed_s / h.staff_s, 0) AS staffed_ratio,
    h.staffed_s AS staffed_s,
    h.staff_s AS staff_s,
    toBool(h.served_minutes > 0 AND h.served_minutes = h.open_minutes) AS served_known,
    h.served AS served,
    toBool(served_known AND queue_known AND h.served >= 3) AS waiting_known,
    if(waiting_known, h.queue_person_s / h.served, 0) AS waiting_s,
    e.unattended AS unattended,
    toUInt32(h.minutes - h.valid_minutes - h.simulated_minutes) AS not_valid_minutes,
    h.simulated_minutes AS simulated_minutes
FROM
(
    SELECT *
    FROM counter_hours FINAL
    WHERE minutes > 0
) AS h
LEFT JOIN current_cameras AS c ON c.camera_id = h.camera_id
LEFT JOIN
(
    SELECT camera_id, toDateTime64(toStartOfHour(started_at), 3, 'UTC') AS hour, count() AS unattended
    FROM episodes_reviewed
    WHERE episode_type = 'counter_episode' AND kind = 'unattended' AND review != 'rejected' AND NOT simulated
    GROUP BY camera_id, hour
) AS e ON e.camera_id = h.camera_id AND e.hour = h.hour
COMMENT 'Queue, staff and service of each counter by hour, in its opening hours; an hour without a minute has no row';

CREATE OR REPLACE VIEW camera_uptime_daily
(
    `camera_id`         LowCardinality(String) COMMENT 'The camera',
    `name`              String COMMENT 'What people call it',
    `kind`              LowCardinality(String) COMMENT 'counter, market, street or pump',
    `kecamatan`         LowCardinality(String) COMMENT 'District in which it stands',
    `kelurahan`         LowCardinality(String) COMMENT 'Village or quarter in which it stands',
    `state`             LowCardinality(String) COMMENT 'active, paused or removed: now, not on the day',
    `day`               Date COMMENT 'Day in Asia/Jakarta, from the first one on which a worker owned the camera',
    `owned`             Bool COMMENT 'Whether a worker reported it on the day; false: it was paused, or no worker ran',
    `day_s`             UInt32 COMMENT 'Seconds of the day, 86,400; of today those so far',
    `observed_s`        Float64 COMMENT 'Those of them that frames observed, simulated ones too; 0: no frame',
    `uptime_ratio`      Float64 COMMENT 'observed_s / day_s, 0 to 1; of today up to 5 minutes are still missing',
    `valid_minutes`     UInt64 COMMENT 'Minutes that are valid and not simulated, of 1,440',
    `valid_ratio`       Float64 COMMENT 'They as a part of day_s, 0 to 1',
    `simulated_minutes` UInt64 COMMENT 'Minutes with simulated pictures; in no statistics',
    `hours_with_data`   UInt64 COMMENT 'Hours in which a frame was judged, of 24',
    `frames`            UInt64 COMMENT 'Frames captured in the day that have an outcome',
    `detected`          UInt64 COMMENT 'Those of them that a detector judged',
    `captured`          UInt64 COMMENT 'Frames that ingest reported in the day (its clock)',
    `missed`            UInt64 COMMENT 'Samples that ingest reported as never captured',
    `bytes`             UInt64 COMMENT 'JPEG bytes that ingest reported',
    `reconnects`        UInt64 COMMENT 'How often its source was connected anew'
)
AS SELECT
    a.camera_id AS camera_id,
    c.name AS name,
    c.kind AS kind,
    c.kecamatan AS kecamatan,
    c.kelurahan AS kelurahan,
    c.state AS state,
    a.day AS day,
    toBool(a.statuses > 0) AS owned,
    toUInt32(if(
        a.day = toDate(now('Asia/Jakarta')),
        greatest(1, dateDiff('second', toStartOfDay(now('Asia/Jakarta')), now('Asia/Jakarta'))),
        86400
    )) AS day_s,
    a.observed_s AS observed_s,
    least(1, a.observed_s / day_s) AS uptime_ratio,
    a.valid_minutes AS valid_minutes,
    least(1, a.valid_minutes * 60 / day_s) AS valid_ratio,
    a.simulated_minutes AS simulated_minutes,
    a.hours_with_data AS hours_with_data,
    a.frames AS frames,
    a.detected AS detected,
    a.captured AS captured,
    a.missed AS missed,
    a.bytes AS bytes,
    a.reconnects AS reconnects
FROM
(
    SELECT
        camera_id,
        day,
        sum(u.observed_s) AS observed_s,
        sum(u.valid_minutes) AS valid_minutes,
        sum(u.simulated_minutes) AS simulated_minutes,
        sum(u.hours_with_data) AS hours_with_data,
        sum(u.frames) AS frames,
        sum(u.detected) AS detected,
        sum(u.captured) AS captured,
        sum(u.missed) AS missed,
        sum(u.bytes) AS bytes,
        sum(u.reconnects) AS reconnects,
        sum(u.statuses) AS statuses
    FROM
    (
        SELECT
            camera_id,
            toDate(hour, 'Asia/Jakarta') AS day,
            h.observed_s AS observed_s,
            toUInt64(h.valid_minutes) AS valid_minutes,
            toUInt64(h.simulated_minutes) AS simulated_minutes,
            toUInt64(h.detected > 0) AS hours_with_data,
            h.frames AS frames,
            h.detected AS detected,
            toUInt64(0) AS captured,
            toUInt64(0) AS missed,
            toUInt64(0) AS bytes,
            toUInt64(0) AS reconnects,
            toUInt64(0) AS statuses
        FROM camera_hours AS h FINAL
        WHERE h.minutes > 0
        UNION ALL
        SELECT
            camera_id,
            day,
            0, 0, 0, 0, 0, 0,
            toUInt64(d.captured - lagInFrame(d.captured, 1, toUInt64(0)) OVER epoch) AS captured,
            toUInt64(
                arraySum(mapValues(d.missed)) - lagInFrame(arraySum(mapValues(d.missed)), 1, toUInt64(0)) OVER epoch
            ) AS missed,
            toUInt64(d.bytes - lagInFrame(d.bytes, 1, toUInt64(0)) OVER epoch) AS bytes,
            toUInt64(d.reconnects - lagInFrame(d.reconnects, 1, toUInt64(0)) OVER epoch) AS reconnects,
            d.statuses AS statuses
        FROM capture_days AS d FINAL
        WINDOW epoch AS (PARTITION BY camera_id, owner_epoch ORDER BY day ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
        UNION ALL
        SELECT camera_id, day, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
        FROM camera_calendar
    ) AS u
    GROUP BY camera_id, day
) AS a
INNER JOIN current_cameras AS c ON c.camera_id = a.camera_id
COMMENT 'How long each camera saw on a day, and what it sent; days without any frame, pauses too, are rows with 0';

CREATE OR REPLACE VIEW incident_log
(
    `started_at`     DateTime64(3, 'UTC') COMMENT 'When it began',
    `day`            Date COMMENT 'Day in Asia/Jakarta on which it began',
    `camera_id`      LowCardinality(String) COMMENT 'The camera',
    `name`           String COMMENT 'What people call it',
    `kecamatan`      LowCardinality(String) COMMENT 'District in which it stands',
    `kelurahan`      LowCardinality(String) COMMENT 'Village or quarter in which it stands',
    `zone_id`        LowCardinality(String) COMMENT 'The zone, or empty',
    `episode_id`     String COMMENT 'Id of the episode, 32 hex digits',
    `episode_type`   LowCardinality(String) COMMENT 'flood_episode, parking_case, counter_episode or camera_incident',
    `kind`           LowCardinality(String) COMMENT 'Of a counter episode or camera incident what it is, else empty',
    `open`           Bool COMMENT 'True while it goes on',
    `last_seen_at`   DateTime64(3, 'UTC') COMMENT 'Last frame that shows it',
    `ended_at`       DateTime64(3, 'UTC') COMMENT 'When it ended; 1970 while open',
    `ended_because`  LowCardinality(String) COMMENT 'Why it ended; empty while open',
    `duration_s`     Float64 COMMENT 'From its begin to its end, or to the last frame that shows it, s',
    `magnitude`      Float64 COMMENT 'How large it was, in magnitude_unit; 0 where that is empty',
    `magnitude_unit` String COMMENT 'ratio (under water, at the peak), s (stood), people (waiting), or empty',
    `quarantined`    Bool COMMENT 'Camera: rows are not valid until a person releases it',
    `review`         String COMMENT 'suspected, confirmed or rejected: the last decision about it',
    `portal_path`    String COMMENT 'Path of the camera\'s page at its begin; put the portal\'s address before it'
)
AS SELECT
    e.started_at AS started_at,
    toDate(e.started_at, 'Asia/Jakarta') AS day,
    e.camera_id AS camera_id,
    c.name AS name,
    c.kecamatan AS kecamatan,
    c.kelurahan AS kelurahan,
    e.zone_id AS zone_id,
    toString(e.episode_id) AS episode_id,
    e.episode_type AS episode_type,
    e.kind AS kind,
    toBool(e.phase = 'open') AS open,
    e.last_seen_at AS last_seen_at,
    e.ended_at AS ended_at,
    e.ended_because AS ended_because,
    dateDiff('millisecond', e.started_at, if(e.phase = 'open', e.last_seen_at, e.ended_at)) / 1000 AS duration_s,
    multiIf(
        e.episode_type = 'flood_episode', e.peak_ratio,
        e.episode_type = 'parking_case', e.dwell_s,
        e.episode_type = 'counter_episode', toFloat64(e.people_waiting_max),
        0
    ) AS magnitude,
    transform(
        toString(e.episode_type), ['flood_episode', 'parking_case', 'counter_episode'], ['ratio', 's', 'people'], ''
    ) AS magnitude_unit,
    e.quarantined AS quarantined,
    e.review AS review,
    concat('/cameras/', e.camera_id, '?at=', toString(toUnixTimestamp64Milli(e.started_at))) AS portal_path
FROM episodes_reviewed AS e
LEFT JOIN current_cameras AS c ON c.camera_id = e.camera_id
WHERE NOT e.simulated
COMMENT 'Everything that happened, one row an episode of any type; rejected ones too, simulated ones not';

CREATE OR REPLACE VIEW open_daily_by_kelurahan
(
    `kecamatan`            LowCardinality(String) COMMENT 'District',
    `kelurahan`            LowCardinality(String) COMMENT 'Village or quarter',
    `day`                  Date COMMENT 'Day in Asia/Jakarta',
    `cameras`              UInt64 COMMENT 'Public cameras that were there on the day, dark and paused ones too',
    `cameras_observed`     UInt64 COMMENT 'Those of them with a valid minute',
    `observed_ratio`       Float64 COMMENT 'Part of the 24 h of cameras in valid minutes, 0 to 1; of today so far',
    `flood_known`          Bool COMMENT 'Whether a water zone was observed',
    `flood_minutes`        UInt64 COMMENT 'Minutes in which at least one water zone was flooded, as measured',
    `flood_ratio_max`      Float64 COMMENT 'Largest ratio under water of a zone in a frame, 0 to 1',
    `floods_confirmed`     UInt64 COMMENT 'Floods that began on the day and that a person confirmed',
    `parking_confirmed`    UInt64 COMMENT 'Parking cases that began on the day and that a person confirmed',
    `queue_known`          Bool COMMENT 'Whether a counter\'s queue was observed in its opening hours',
    `queue_mean`           Float64 COMMENT 'Mean number of people in the queue of a counter',
    `staffed_known`        Bool COMMENT 'Whether a counter\'s staff zone was observed in its opening hours',
    `staffed_ratio`        Float64 COMMENT 'Part of the observed time with a person in the staff zone, 0 to 1'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    kecamatan,
    kelurahan,
    day,
    uniqExactIf(u.camera_id, u.camera_id != '') AS cameras,
    uniqExactIf(u.camera_id, u.camera_s > 0) AS cameras_observed,
    if(cameras > 0, least(1, sum(u.camera_s) / (cameras * if(
        day = toDate(now('Asia/Jakarta')),
        greatest(1, dateDiff('second', toStartOfDay(now('Asia/Jakarta')), now('Asia/Jakarta'))),
        86400
    ))), 0) AS observed_ratio,
    toBool(sum(u.water_s) > 0) AS flood_known,
    sum(u.flood_minutes) AS flood_minutes,
    max(u.ratio_max) AS flood_ratio_max,
    sum(u.floods) AS floods_confirmed,
    sum(u.cases) AS parking_confirmed,
    toBool(sum(u.queue_s) > 0) AS queue_known,
    if(queue_known, sum(u.queue_person_s) / sum(u.queue_s), 0) AS queue_mean,
    toBool(sum(u.staff_s) > 0) AS staffed_known,
    if(staffed_known, sum(u.staffed_s) / sum(u.staff_s), 0) AS staffed_ratio
FROM
(
    SELECT
        c.kecamatan AS kecamatan,
        c.kelurahan AS kelurahan,
        toDate(h.hour, 'Asia/Jakarta') AS day,
        toString(h.camera_id) AS camera_id,
        toFloat64(h.valid_minutes * 60) AS camera_s,
        toFloat64(0) AS water_s,
        toUInt64(0) AS flood_minutes,
        toFloat64(0) AS ratio_max,
        toUInt64(0) AS floods,
        toUInt64(0) AS cases,
        toFloat64(0) AS queue_s,
        toFloat64(0) AS queue_person_s,
        toFloat64(0) AS staff_s,
        toFloat64(0) AS staffed_s
    FROM camera_hours AS h FINAL
    INNER JOIN current_cameras AS c ON c.camera_id = h.camera_id
    WHERE c.public AND h.minutes > h.simulated_minutes
    UNION ALL
    SELECT c.kecamatan, c.kelurahan, k.day, toString(k.camera_id), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
    FROM camera_calendar AS k
    INNER JOIN current_cameras AS c ON c.camera_id = k.camera_id
    WHERE c.public
    UNION ALL
    SELECT
        w.kecamatan, w.kelurahan, toDate(w.hour, 'Asia/Jakarta') AS day, '', 0, w.water_s, bitCount(w.flood_bits),
        w.ratio_max, 0, 0, 0, 0, 0, 0
    FROM
    (
        SELECT
            c.kecamatan AS kecamatan,
            c.kelurahan AS kelurahan,
            h.hour AS hour,
            groupBitOr(h.flood_bits) AS flood_bits,
            max(h.ratio_max) AS ratio_max,
            sum(h.valid_observed_s) AS water_s
        FROM flood_hours AS h FINAL
        INNER JOIN current_cameras AS c ON c.camera_id = h.camera_id
        WHERE c.public AND h.minutes > h.simulated_minutes
        GROUP BY kecamatan, kelurahan, hour
    ) AS w
    UNION ALL
    SELECT
        c.kecamatan, c.kelurahan, toDate(e.started_at, 'Asia/Jakarta') AS day, '', 0, 0, 0, 0,
        toUInt64(e.episode_type = 'flood_episode'), toUInt64(e.episode_type = 'parking_case'), 0, 0, 0, 0
    FROM episodes_reviewed AS e
    INNER JOIN current_cameras AS c ON c.camera_id = e.camera_id
    WHERE c.public AND e.review = 'confirmed' AND NOT e.simulated
        AND e.episode_type IN ('flood_episode', 'parking_case')
    UNION ALL
    SELECT
        c.kecamatan, c.kelurahan, toDate(h.hour, 'Asia/Jakarta') AS day, '', 0, 0, 0, 0, 0, 0,
        h.queue_s, h.queue_person_s, h.staff_s, h.staffed_s
    FROM counter_hours AS h FINAL
    INNER JOIN current_cameras AS c ON c.camera_id = h.camera_id
    WHERE c.public AND h.minutes > h.simulated_minutes
) AS u
GROUP BY kecamatan, kelurahan, day
COMMENT 'Open data: what may be published of each kelurahan and day; public cameras only, cases only if confirmed';
