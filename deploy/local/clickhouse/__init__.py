"""ClickHouse's HTTP interface over the ClickHouse engine embedded in this process (chdb), for one machine.

A request's way: ``request`` (what the URL, headers and body say) → ``statement`` (where the SQL ends and data begins) →
``engine`` (a handle of its own for each request) → ``answer`` (chunks, compressed) → ``face`` (HTTP).
"""
