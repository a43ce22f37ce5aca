"""Running a service on Kafka: clients, loop, dead letters, settings, metrics, logs, health. Knows no video."""
