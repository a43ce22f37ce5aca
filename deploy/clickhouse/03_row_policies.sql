-- Rows that holders of tilik_open_data may see, whatever else they are ever granted: those of public cameras. Where a
-- table has a policy, others would see nothing of it on servers that say so; the second statement keeps theirs.

CREATE ROW POLICY OR REPLACE tilik_public_cameras ON
    tilik.detections, tilik.frame_outcomes, tilik.capture_counters, tilik.camera_statuses, tilik.decisions,
    tilik.camera_minutes, tilik.counter_minutes, tilik.parking_minutes, tilik.flood_minutes, tilik.parking_stays,
    tilik.episodes, tilik.cameras, tilik.camera_hours, tilik.counter_hours, tilik.parking_hours, tilik.flood_hours,
    tilik.capture_days
FOR SELECT USING camera_id IN (SELECT camera_id FROM tilik.public_cameras) TO tilik_open_data;

CREATE ROW POLICY OR REPLACE tilik_all_cameras ON
    tilik.detections, tilik.frame_outcomes, tilik.capture_counters, tilik.camera_statuses, tilik.decisions,
    tilik.camera_minutes, tilik.counter_minutes, tilik.parking_minutes, tilik.flood_minutes, tilik.parking_stays,
    tilik.episodes, tilik.cameras, tilik.camera_hours, tilik.counter_hours, tilik.parking_hours, tilik.flood_hours,
    tilik.capture_days
FOR SELECT USING 1 TO ALL EXCEPT tilik_open_data;
