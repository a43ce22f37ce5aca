"""Checks of dashboards as they are pushed to Grafana: of their JSON, not of what it was made from.

whole      ids, languages, how often they ask again
panels     where they lie, what is said of them, units, data sources
variables  each that is named is there, each that is there is of use
promql     it can be parsed; metrics and labels exist
sql        it can be expanded; with an engine: tables, columns and what a drawing of the type needs
"""
