"""What Grafana should hold, what it holds, and the steps between.

wanted         from options to folders, data sources, dashboards, contact points and alert rules
session        Grafana's HTTP API by grafana-client: the one place that knows the library and its errors
secrecy        what must not be shown of secrets that Grafana repeats
differences    two JSON documents, and where a person would see that they differ
change         a step: what is to be done, why, and doing it
resources      steps of folders, data sources and contact points; dashboards; alert_rules
plan           all steps in their order
options        the options that push and diff share
"""
