-- Daily tiers, which are sums of hours, and one view for each question that docs/questions.md lists. Days, weeks and
-- hours of the day are Asia/Jakarta; weeks begin on Monday. Names and places are those of a camera's newest registry
-- revision. Hours come from the hourly tiers, which lag by up to 5 minutes. Where something can't be known, its _known
-- column is false and the figure is 0. What is simulated is in no statistics.

CREATE OR REPLACE VIEW current_cameras
(
    `camera_id`  LowCardinality(String) COMMENT 'The camera',
    `revision`   UInt32 COMMENT 'Its newest revision',
    `name`       String COMMENT 'What people call it',
    `kind`       LowCardinality(String) COMMENT 'counter, market, street or pump',
    `kecamatan`  LowCardinality(String) COMMENT 'District in which it stands',
    `kelurahan`  LowCardinality(String) COMMENT 'Village or quarter in which it stands',
    `latitude`   Float64 COMMENT 'WGS 84, degrees',
    `longitude`  Float64 COMMENT 'WGS 84, degrees',
    `sample_fps` Float64 COMMENT 'Samples a second that are wanted of it',
    `public`     Bool COMMENT 'True if a person has approved it for the public pages',
    `state`      LowCardinality(String) COMMENT 'active, paused or removed'
)
AS SELECT
    camera_id,
    max(r.revision) AS revision,
    argMax(r.name, r.revision) AS name,
    argMax(r.kind, r.revision) AS kind,
    argMax(r.kecamatan, r.revision) AS kecamatan,
    argMax(r.kelurahan, r.revision) AS kelurahan,
    argMax(r.latitude, r.revision) AS latitude,
    argMax(r.longitude, r.revision) AS longitude,
    argMax(r.sample_fps, r.revision) AS sample_fps,
    argMax(r.public, r.revision) AS public,
    argMax(r.state, r.revision) AS state
FROM cameras AS r
GROUP BY camera_id
COMMENT 'The newest revision of every camera of the registry, removed ones too';

CREATE OR REPLACE VIEW camera_days
(
    `camera_id`         LowCardinality(String) COMMENT 'The camera',
    `day`               Date COMMENT 'Day in Asia/Jakarta',
    `minutes`           UInt64 COMMENT 'Minutes with a row, of 1440',
    `valid_minutes`     UInt64 COMMENT 'Those of them that are valid and not simulated',
    `simulated_minutes` UInt64 COMMENT 'Those of them with simulated pictures; in no statistics',
    `frames`            UInt64 COMMENT 'Frames with an outcome: the sum of the next six',
    `detected`          UInt64 COMMENT 'Judged by a detector',
    `shed_stale`        UInt64 COMMENT 'Shed: too old when a detector came to it',
    `shed_overload`     UInt64 COMMENT 'Shed: the detectors had more than they could do',
    `dead_undecodable`  UInt64 COMMENT 'Dead letter: not a picture',
    `dead_refused`      UInt64 COMMENT 'Dead letter: a picture beyond the bounds',
    `expired`           UInt64 COMMENT 'No outcome that could be taken',
    `clock_skewed`      UInt64 COMMENT 'Frames whose capture time ran ahead',
    `observed_s`        Float64 COMMENT 'Seconds that frames observed',
    `expected_s`        Float64 COMMENT 'Seconds that should have been observed, of the minutes with a row',
    `hours_with_data`   Array(UInt8) COMMENT 'Hours of the day (0 to 23) in which a frame was judged, in order'
)
AS SELECT
    camera_id,
    toDate(hour, 'Asia/Jakarta') AS day,
    sum(h.minutes) AS minutes,
    sum(h.valid_minutes) AS valid_minutes,
    sum(h.simulated_minutes) AS simulated_minutes,
    sum(h.frames) AS frames,
    sum(h.detected) AS detected,
    sum(h.shed_stale) AS shed_stale,
    sum(h.shed_overload) AS shed_overload,
    sum(h.dead_undecodable) AS dead_undecodable,
    sum(h.dead_refused) AS dead_refused,
    sum(h.expired) AS expired,
    sum(h.clock_skewed) AS clock_skewed,
    sum(h.observed_s) AS observed_s,
    sum(h.expected_s) AS expected_s,
    arraySort(groupArrayIf(toHour(hour, 'Asia/Jakarta'), h.detected > 0)) AS hours_with_data
FROM camera_hours AS h FINAL
GROUP BY camera_id, day
COMMENT 'What became of each camera\'s frames of a day, from the hourly tier';

CREATE OR REPLACE VIEW counter_days
(
    `camera_id`         LowCardinality(String) COMMENT 'The camera',
    `day`               Date COMMENT 'Day in Asia/Jakarta',
    `minutes`           UInt64 COMMENT 'Minutes with a row, of 1440',
    `valid_minutes`     UInt64 COMMENT 'Those of them that are valid and not simulated',
    `simulated_minutes` UInt64 COMMENT 'Those of them with simulated pictures; in no statistics',
    `open_minutes`      UInt64 COMMENT 'Valid minutes that began in opening hours, or where none are set',
    `queue_s`           Float64 COMMENT 'Seconds observed of the queue in them',
    `queue_person_s`    Float64 COMMENT 'People in the queue times seconds; by queue_s it is the mean queue',
    `queue_max`         UInt64 COMMENT 'Largest number of people in the queue in a frame of them',
    `staff_s`           Float64 COMMENT 'Seconds observed of the staff zone in them',
    `staffed_s`         Float64 COMMENT 'Those of them with a person in it; by staff_s it is the staffed ratio',
    `served_minutes`    UInt64 COMMENT 'Those of the minutes in which people served can be counted',
    `served`            UInt64 COMMENT 'People served in these',
    `observed_s`        Float64 COMMENT 'Seconds that frames observed, of all minutes',
    `expected_s`        Float64 COMMENT 'Seconds that should have been observed, of the minutes with a row'
)
AS SELECT
    camera_id,
    toDate(hour, 'Asia/Jakarta') AS day,
    sum(h.minutes) AS minutes,
    sum(h.valid_minutes) AS valid_minutes,
    sum(h.simulated_minutes) AS simulated_minutes,
    sum(h.open_minutes) AS open_minutes,
    sum(h.queue_s) AS queue_s,
    sum(h.queue_person_s) AS queue_person_s,
    max(h.queue_max) AS queue_max,
    sum(h.staff_s) AS staff_s,
    sum(h.staffed_s) AS staffed_s,
    sum(h.served_minutes) AS served_minutes,
    sum(h.served) AS served,
    sum(h.observed_s) AS observed_s,
    sum(h.expected_s) AS expected_s
FROM counter_hours AS h FINAL
GROUP BY camera_id, day
COMMENT 'Queue and staff of each counter by day, from the hourly tier';

CREATE OR REPLACE VIEW parking_days
(
    `camera_id`         LowCardinality(String) COMMENT 'The camera',
    `zone_id`           LowCardinality(String) COMMENT 'The zone, unique within its camera',
    `day`               Date COMMENT 'Day in Asia/Jakarta',
    `minutes`           UInt64 COMMENT 'Minutes with a row, of 1440',
    `valid_minutes`     UInt64 COMMENT 'Those of them that are valid and not simulated',
    `simulated_minutes` UInt64 COMMENT 'Those of them with simulated pictures; in no statistics',
    `forbidden_minutes` UInt64 COMMENT 'Valid minutes that began while parking was forbidden',
    `forbidden_s`       Float64 COMMENT 'Seconds that frames observed in them',
    `vehicle_seconds`   Float64 COMMENT 'Vehicles times seconds in them; by forbidden_s it is the mean',
    `vehicles_max`      UInt64 COMMENT 'Largest number of vehicles in a frame of them',
    `cases_open_max`    UInt64 COMMENT 'Largest number of parking cases open at one frame of them',
    `observed_s`        Float64 COMMENT 'Seconds that frames observed, of all minutes',
    `expected_s`        Float64 COMMENT 'Seconds that should have been observed, of the minutes with a row'
)
AS SELECT
    camera_id,
    zone_id,
    toDate(hour, 'Asia/Jakarta') AS day,
    sum(h.minutes) AS minutes,
    sum(h.valid_minutes) AS valid_minutes,
    sum(h.simulated_minutes) AS simulated_minutes,
    sum(h.forbidden_minutes) AS forbidden_minutes,
    sum(h.forbidden_s) AS forbidden_s,
    sum(h.vehicle_seconds) AS vehicle_seconds,
    max(h.vehicles_max) AS vehicles_max,
    max(h.cases_open_max) AS cases_open_max,
    sum(h.observed_s) AS observed_s,
    sum(h.expected_s) AS expected_s
FROM parking_hours AS h FINAL
GROUP BY camera_id, zone_id, day
COMMENT 'Vehicles in each no-parking zone by day, from the hourly tier';

CREATE OR REPLACE VIEW flood_days
(
    `camera_id`         LowCardinality(String) COMMENT 'The camera',
    `zone_id`           LowCardinality(String) COMMENT 'The zone, unique within its camera',
    `day`               Date COMMENT 'Day in Asia/Jakarta',
    `minutes`           UInt64 COMMENT 'Minutes with a row, of 1440',
    `valid_minutes`     UInt64 COMMENT 'Those of them that are valid and not simulated',
    `simulated_minutes` UInt64 COMMENT 'Those of them with simulated pictures; in no statistics',
    `flood_minutes`     UInt64 COMMENT 'Valid minutes whose state is flood',
    `onset_minutes`     UInt64 COMMENT 'Valid minutes whose state is onset',
    `ratio_s`           Float64 COMMENT 'Ratio under water times seconds; by valid_observed_s it is the mean ratio',
    `ratio_max`         Float64 COMMENT 'Largest ratio under water in a frame, 0 to 1',
    `valid_observed_s`  Float64 COMMENT 'Seconds that frames observed in valid minutes',
    `observed_s`        Float64 COMMENT 'Seconds that frames observed, of all minutes',
    `expected_s`        Float64 COMMENT 'Seconds that should have been observed, of the minutes with a row'
)
AS SELECT
    camera_id,
    zone_id,
    toDate(hour, 'Asia/Jakarta') AS day,
    sum(h.minutes) AS minutes,
    sum(h.valid_minutes) AS valid_minutes,
    sum(h.simulated_minutes) AS simulated_minutes,
    sum(h.flood_minutes) AS flood_minutes,
    sum(h.onset_minutes) AS onset_minutes,
    sum(h.ratio_s) AS ratio_s,
    max(h.ratio_max) AS ratio_max,
    sum(h.valid_observed_s) AS valid_observed_s,
    sum(h.observed_s) AS observed_s,
    sum(h.expected_s) AS expected_s
FROM flood_hours AS h FINAL
GROUP BY camera_id, zone_id, day
COMMENT 'How much of each water zone was under water by day, from the hourly tier';

CREATE OR REPLACE VIEW accounting_by_day
(
    `camera_id`     LowCardinality(String) COMMENT 'The camera',
    `name`          String COMMENT 'What people call it',
    `kecamatan`     LowCardinality(String) COMMENT 'District in which it stands',
    `kelurahan`     LowCardinality(String) COMMENT 'Village or quarter in which it stands',
    `day`           Date COMMENT 'Day in Asia/Jakarta',
    `captured`      UInt64 COMMENT 'Frames that ingest reported in the day (its clock; frames of midnight may differ)',
    `missed`        UInt64 COMMENT 'Samples that ingest reported as never captured',
    `frames`        UInt64 COMMENT 'Frames captured in the day that have an outcome: the sum of the next four',
    `detected`      UInt64 COMMENT 'Judged by a detector',
    `shed`          UInt64 COMMENT 'Not judged: too old, or the detectors were overloaded',
    `dead_lettered` UInt64 COMMENT 'Could not be judged: not a picture, or beyond the bounds',
    `expired`       UInt64 COMMENT 'No outcome that could be taken',
    `observed_s`    Float64 COMMENT 'Seconds of the day that frames observed, of 86,400',
    `valid_minutes` UInt64 COMMENT 'Minutes of the day that are valid and not simulated, of 1,440'
)
AS SELECT
    a.camera_id AS camera_id,
    c.name AS name,
    c.kecamatan AS kecamatan,
    c.kelurahan AS kelurahan,
    a.day AS day,
    a.captured AS captured,
    a.missed AS missed,
    a.frames AS frames,
    a.detected AS detected,
    a.shed AS shed,
    a.dead_lettered AS dead_lettered,
    a.expired AS expired,
    a.observed_s AS observed_s,
    a.valid_minutes AS valid_minutes
FROM
(
    SELECT
        camera_id,
        day,
        sum(u.captured) AS captured,
        sum(u.missed) AS missed,
        sum(u.frames) AS frames,
        sum(u.detected) AS detected,
        sum(u.shed) AS shed,
        sum(u.dead_lettered) AS dead_lettered,
        sum(u.expired) AS expired,
        sum(u.observed_s) AS observed_s,
        sum(u.valid_minutes) AS valid_minutes
    FROM
    (
        SELECT
            camera_id,
            toDate(hour, 'Asia/Jakarta') AS day,
            toUInt64(0) AS captured,
            toUInt64(0) AS missed,
            h.frames AS frames,
            h.detected AS detected,
            h.shed_stale + h.shed_overload AS shed,
            h.dead_undecodable + h.dead_refused AS dead_lettered,
            h.expired AS expired,
            h.observed_s AS observed_s,
            toUInt64(h.valid_minutes) AS valid_minutes
        FROM camera_hours AS h FINAL
        UNION ALL
        SELECT
            camera_id,
            day,
            toUInt64(d.captured - lagInFrame(d.captured, 1, toUInt64(0)) OVER epoch) AS captured,
            toUInt64(
                arraySum(mapValues(d.missed)) - lagInFrame(arraySum(mapValues(d.missed)), 1, toUInt64(0)) OVER epoch
            ) AS missed,
            0, 0, 0, 0, 0, 0, 0
        FROM capture_days AS d FINAL
        WINDOW epoch AS (PARTITION BY camera_id, owner_epoch ORDER BY day ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
    ) AS u
    GROUP BY camera_id, day
) AS a
LEFT JOIN current_cameras AS c ON c.camera_id = a.camera_id
COMMENT 'Accounting of a day: what each camera captured and what became of it';

CREATE OR REPLACE VIEW hours_without_data
(
    `camera_id`     LowCardinality(String) COMMENT 'A camera that is active in the registry',
    `name`          String COMMENT 'What people call it',
    `kind`          LowCardinality(String) COMMENT 'counter, market, street or pump',
    `kecamatan`     LowCardinality(String) COMMENT 'District in which it stands',
    `kelurahan`     LowCardinality(String) COMMENT 'Village or quarter in which it stands',
    `day`           Date COMMENT 'Day in Asia/Jakarta, from the first of the camera\'s rows until today',
    `hours`         UInt64 COMMENT 'Hours of the day without a judged frame; of today the full ones so far',
    `which`         Array(UInt8) COMMENT 'Which ones, 0 to 23',
    `observed_s`    Float64 COMMENT 'Seconds of the day that frames observed',
    `valid_minutes` UInt64 COMMENT 'Minutes of the day that are valid and not simulated'
)
AS SELECT
    c.camera_id AS camera_id,
    c.name AS name,
    c.kind AS kind,
    c.kecamatan AS kecamatan,
    c.kelurahan AS kelurahan,
    g.day AS day,
    length(which) AS hours,
    arrayFilter(
        n -> NOT has(s.hours_with_data, n)
            AND (g.day < toDate(now('Asia/Jakarta')) OR n < toHour(now('Asia/Jakarta'))),
        arrayMap(n -> toUInt8(n), range(24))
    ) AS which,
    s.observed_s AS observed_s,
    s.valid_minutes AS valid_minutes
FROM
(
    SELECT
        camera_id,
        arrayJoin(arrayMap(
            n -> first_day + toUInt16(n), range(toUInt32(toDate(now('Asia/Jakarta')) - first_day + 1))
        )) AS day
    FROM
    (
        SELECT camera_id, toDate(min(hour), 'Asia/Jakarta') AS first_day
        FROM camera_hours
        WHERE hour <= now64(3) AND minutes > 0
        GROUP BY camera_id
    )
) AS g
INNER JOIN current_cameras AS c ON c.camera_id = g.camera_id
LEFT JOIN camera_days AS s ON s.camera_id = g.camera_id AND s.day = g.day
WHERE c.state = 'active'
COMMENT 'Hours without data, by active camera and day: no frame was judged. A camera without any row is left out';

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
AS WITH toIntervalSecond(toUInt32(greatest(180, 60 + 3 / c.sample_fps))) AS patience
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

CREATE OR REPLACE VIEW flood_minutes_by_day
(
    `kecamatan`      LowCardinality(String) COMMENT 'District',
    `kelurahan`      LowCardinality(String) COMMENT 'Village or quarter',
    `day`            Date COMMENT 'Day in Asia/Jakarta',
    `flood_minutes`  UInt64 COMMENT 'Minutes in which at least one water zone of the kelurahan was flooded',
    `zone_minutes`   UInt64 COMMENT 'The same summed over zones',
    `zones`          UInt64 COMMENT 'Water zones with a row in the day that is not simulated',
    `zones_flooded`  UInt64 COMMENT 'Those of them that were flooded in a minute of it',
    `ratio_max`      Float64 COMMENT 'Largest ratio under water of a zone in a frame, 0 to 1',
    `observed_ratio` Float64 COMMENT 'Part of the zones\' 24 h that valid minutes observed, 0 to 1'
)
AS SELECT
    kecamatan,
    kelurahan,
    toDate(hour, 'Asia/Jakarta') AS day,
    sum(bitCount(flood_bits)) AS flood_minutes,
    sum(p.zone_minutes) AS zone_minutes,
    uniqExactArray(p.zone_ids) AS zones,
    uniqExactArray(p.flooded_ids) AS zones_flooded,
    max(p.ratio_max) AS ratio_max,
    sum(p.observed_s) / (zones * 86400) AS observed_ratio
FROM
(
    SELECT
        c.kecamatan AS kecamatan,
        c.kelurahan AS kelurahan,
        h.hour AS hour,
        groupBitOr(h.flood_bits) AS flood_bits,
        sum(toUInt64(h.flood_minutes)) AS zone_minutes,
        groupUniqArray((h.camera_id, h.zone_id)) AS zone_ids,
        groupUniqArrayIf((h.camera_id, h.zone_id), h.flood_minutes > 0) AS flooded_ids,
        max(h.ratio_max) AS ratio_max,
        sum(h.valid_observed_s) AS observed_s
    FROM flood_hours AS h FINAL
    INNER JOIN current_cameras AS c ON c.camera_id = h.camera_id
    WHERE h.minutes > h.simulated_minutes
    GROUP BY kecamatan, kelurahan, hour
) AS p
GROUP BY kecamatan, kelurahan, day
COMMENT 'How long each kelurahan was flooded on a day, by valid minutes; what people rejected is not taken off';

CREATE OR REPLACE VIEW parking_cases_by_hour
(
    `camera_id`  LowCardinality(String) COMMENT 'The camera; it stands for its street: the registry knows none',
    `name`       String COMMENT 'What people call it',
    `kecamatan`  LowCardinality(String) COMMENT 'District in which it stands',
    `kelurahan`  LowCardinality(String) COMMENT 'Village or quarter in which it stands',
    `day`        Date COMMENT 'Day in Asia/Jakarta on which the cases began',
    `hour`       UInt8 COMMENT 'Hour of the day in Asia/Jakarta in which they began, 0 to 23',
    `cases`      UInt64 COMMENT 'Parking cases that people have not rejected',
    `confirmed`  UInt64 COMMENT 'Those of them that people confirmed',
    `rejected`   UInt64 COMMENT 'Cases that people rejected; in no other column',
    `dwell_s`    Float64 COMMENT 'Seconds that the vehicles stood, summed',
    `dwell_max_s` Float64 COMMENT 'The longest of them, s'
)
AS SELECT
    e.camera_id AS camera_id,
    any(c.name) AS name,
    any(c.kecamatan) AS kecamatan,
    any(c.kelurahan) AS kelurahan,
    toDate(e.started_at, 'Asia/Jakarta') AS day,
    toHour(e.started_at, 'Asia/Jakarta') AS hour,
    countIf(e.review != 'rejected') AS cases,
    countIf(e.review = 'confirmed') AS confirmed,
    countIf(e.review = 'rejected') AS rejected,
    sumIf(e.dwell_s, e.review != 'rejected') AS dwell_s,
    maxIf(e.dwell_s, e.review != 'rejected') AS dwell_max_s
FROM episodes_reviewed AS e
LEFT JOIN current_cameras AS c ON c.camera_id = e.camera_id
WHERE e.episode_type = 'parking_case' AND NOT e.simulated
GROUP BY camera_id, day, hour
COMMENT 'Parking cases by street (camera) and hour in which they began; without simulated ones';

CREATE OR REPLACE VIEW counters_by_week
(
    `camera_id`         LowCardinality(String) COMMENT 'The counter\'s camera',
    `name`              String COMMENT 'What people call it',
    `kecamatan`         LowCardinality(String) COMMENT 'District in which it stands',
    `kelurahan`         LowCardinality(String) COMMENT 'Village or quarter in which it stands',
    `week`              Date COMMENT 'Monday of the week in Asia/Jakarta',
    `open_minutes`      UInt64 COMMENT 'Valid minutes in opening hours, or where none are set',
    `queue_known`       Bool COMMENT 'Whether the queue was observed',
    `queue_mean`        Float64 COMMENT 'Mean number of people in the queue',
    `queue_max`         UInt64 COMMENT 'Largest number of people in the queue in a frame',
    `staffed_known`     Bool COMMENT 'Whether the staff zone was observed',
    `staffed_ratio`     Float64 COMMENT 'Part of the observed time with a person in the staff zone, 0 to 1',
    `served_known`      Bool COMMENT 'Whether people served could be counted',
    `served`            UInt64 COMMENT 'People served',
    `unattended`        UInt64 COMMENT 'Episodes unattended, not simulated, that people have not rejected',
    `unattended_s`      Float64 COMMENT 'How long they lasted, s',
    `not_valid_minutes` UInt64 COMMENT 'Minutes with a row that are neither valid nor simulated',
    `simulated_minutes` UInt64 COMMENT 'Minutes with simulated pictures; in no other column'
)
AS SELECT
    w.camera_id AS camera_id,
    c.name AS name,
    c.kecamatan AS kecamatan,
    c.kelurahan AS kelurahan,
    w.week AS week,
    w.open_minutes AS open_minutes,
    w.queue_s > 0 AS queue_known,
    if(w.queue_s > 0, w.queue_person_s / w.queue_s, 0) AS queue_mean,
    w.queue_max AS queue_max,
    w.staff_s > 0 AS staffed_known,
    if(w.staff_s > 0, w.staffed_s / w.staff_s, 0) AS staffed_ratio,
    w.served_minutes > 0 AS served_known,
    w.served AS served,
    e.unattended AS unattended,
    e.unattended_s AS unattended_s,
    w.minutes - w.valid_minutes - w.simulated_minutes AS not_valid_minutes,
    w.simulated_minutes AS simulated_minutes
FROM
(
    SELECT
        camera_id,
        toMonday(toDate(hour, 'Asia/Jakarta')) AS week,
        sum(h.minutes) AS minutes,
        sum(h.valid_minutes) AS valid_minutes,
        sum(h.simulated_minutes) AS simulated_minutes,
        sum(h.open_minutes) AS open_minutes,
        sum(h.queue_s) AS queue_s,
        sum(h.queue_person_s) AS queue_person_s,
        max(h.queue_max) AS queue_max,
        sum(h.staff_s) AS staff_s,
        sum(h.staffed_s) AS staffed_s,
        sum(h.served_minutes) AS served_minutes,
        sum(h.served) AS served
    FROM counter_hours AS h FINAL
    GROUP BY camera_id, week
    HAVING minutes > 0
) AS w
LEFT JOIN current_cameras AS c ON c.camera_id = w.camera_id
LEFT JOIN
(
    SELECT
        camera_id,
        toMonday(toDate(started_at, 'Asia/Jakarta')) AS week,
        count() AS unattended,
        sum(dateDiff('millisecond', started_at, if(phase = 'open', last_seen_at, ended_at))) / 1000 AS unattended_s
    FROM episodes_reviewed
    WHERE episode_type = 'counter_episode' AND kind = 'unattended' AND review != 'rejected' AND NOT simulated
    GROUP BY camera_id, week
) AS e ON e.camera_id = w.camera_id AND e.week = w.week
COMMENT 'Queue and staff of each counter by week, in its opening hours';

CREATE OR REPLACE VIEW precision_by_week
(
    `camera_id`       LowCardinality(String) COMMENT 'The camera',
    `name`            String COMMENT 'What people call it',
    `episode_type`    LowCardinality(String) COMMENT 'flood_episode, parking_case, counter_episode or camera_incident',
    `kind`            LowCardinality(String) COMMENT 'Of a counter episode or camera incident what it is, else empty',
    `week`            Date COMMENT 'Monday of the week in Asia/Jakarta in which the episodes began',
    `episodes`        UInt64 COMMENT 'All of them',
    `confirmed`       UInt64 COMMENT 'Those that people confirmed',
    `rejected`        UInt64 COMMENT 'Those that people rejected',
    `suspected`       UInt64 COMMENT 'Those that nobody has judged',
    `precision_known` Bool COMMENT 'Whether one was judged',
    `precision`       Float64 COMMENT 'confirmed / (confirmed + rejected), 0 to 1'
)
AS SELECT
    e.camera_id AS camera_id,
    any(c.name) AS name,
    e.episode_type AS episode_type,
    e.kind AS kind,
    toMonday(toDate(e.started_at, 'Asia/Jakarta')) AS week,
    count() AS episodes,
    countIf(e.review = 'confirmed') AS confirmed,
    countIf(e.review = 'rejected') AS rejected,
    episodes - confirmed - rejected AS suspected,
    confirmed + rejected > 0 AS precision_known,
    if(precision_known, confirmed / (confirmed + rejected), 0) AS precision
FROM episodes_reviewed AS e
LEFT JOIN current_cameras AS c ON c.camera_id = e.camera_id
WHERE NOT e.simulated
GROUP BY camera_id, episode_type, kind, week
COMMENT 'How often people agree with a rule: by camera, rule and week; without simulated episodes';
