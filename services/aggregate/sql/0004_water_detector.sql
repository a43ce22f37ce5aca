-- Which network measured water, so that figures of two networks are never taken for one another.

ALTER TABLE detections ADD COLUMN IF NOT EXISTS water_detector_name LowCardinality(String) CODEC(ZSTD(1))
    COMMENT 'Which network measured water; empty: none was asked' AFTER water;

ALTER TABLE detections ADD COLUMN IF NOT EXISTS water_detector_weights_sha256 LowCardinality(String) CODEC(ZSTD(1))
    COMMENT 'SHA-256 of its weights, hex, or empty' AFTER water_detector_name;
