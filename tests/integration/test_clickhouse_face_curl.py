"""The ClickHouse face against curl: what shell scripts, Grafana and people at a terminal see."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from deploy.local.testing import RunningFace, running_face

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is missing: apt-get install curl"),
]


@pytest.fixture(scope="module")
def face(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFace]:
    with running_face(tmp_path_factory.mktemp("face")) as running:
        yield running


class Answer:
    def __init__(self, output: bytes) -> None:
        head, _, self.body = output.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        self.status = int(lines[0].split()[1])
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}


def curl(face: RunningFace, path: str = "/", *options: str, data: bytes | None = None) -> Answer:
    body = [] if data is None else ["--data-binary", "@-"]
    command = ["curl", "-sS", "-i", "-H", "Expect:", *body, *options, face.url + path]
    return Answer(subprocess.run(command, input=data, capture_output=True, check=True).stdout)


def test_ping_and_root_say_ok(face: RunningFace) -> None:
    assert [curl(face, path).body for path in ("/", "/ping", "/replicas_status")] == [b"Ok.\n"] * 3
    assert curl(face, "/nothing").status == 404


def test_get_answers_in_tab_separated_by_default(face: RunningFace) -> None:
    answer = curl(face, "/?query=SELECT%201,%20%27a%27&query_id=mine")

    assert answer.body == b"1\ta\n"
    assert answer.headers["x-clickhouse-format"] == "TabSeparated"
    assert answer.headers["x-clickhouse-query-id"] == "mine"
    assert answer.headers["x-clickhouse-timezone"] == "UTC"
    assert "read_rows" in json.loads(answer.headers["x-clickhouse-summary"])


def test_format_of_the_query_rules_over_the_default(face: RunningFace) -> None:
    by_default = curl(face, "/?default_format=JSONEachRow", data=b"SELECT 1 AS a")
    by_query = curl(face, "/?default_format=JSONEachRow", data=b"SELECT 1 AS a FORMAT CSVWithNames -- said so\n;")

    assert by_default.body == b'{"a":1}\n'
    assert by_query.body == b'"a"\n1\n'
    assert by_query.headers["content-type"] == "text/csv; charset=UTF-8; header=present"


def test_json_has_its_head_and_foot_once(face: RunningFace) -> None:
    answer = curl(face, data=b"SELECT number FROM numbers(200000) FORMAT JSON")

    assert json.loads(answer.body)["rows"] == 200_000


def test_get_may_not_change_anything(face: RunningFace) -> None:
    answer = curl(face, "/?query=CREATE%20TABLE%20g%20(a%20Int8)%20ENGINE=Memory")

    assert answer.status == 403
    assert answer.headers["x-clickhouse-exception-code"] == "164"
    assert b"method GET implies readonly" in answer.body


def test_inserts_with_the_query_in_url_or_body(face: RunningFace) -> None:
    curl(face, data=b"CREATE TABLE c (a UInt64, b String) ENGINE = MergeTree ORDER BY a")
    insert = "/?query=INSERT%20INTO%20c%20FORMAT%20CSV"
    inserted = curl(face, insert, data=b"1,one\n2,two\n")
    curl(face, data=b"INSERT INTO c FORMAT TSV\n3\tthree\n")
    curl(face, data=b"INSERT INTO c VALUES (4, 'FORMAT CSV'), (5, 'it''s; five')")
    curl(face, "/?query=INSERT%20INTO%20c%20VALUES", data=b"(6, 'six')")
    curl(face, "/?query=INSERT%20INTO%20%7Bt:Identifier%7D%20FORMAT%20CSV&param_t=c", data=b"7,seven\n")
    curl(face, insert, "-H", "Content-Encoding: gzip", data=gzip.compress(b"8,eight\n") + gzip.compress(b"9,nine\n"))
    curl(face, data=b"INSERT INTO c SELECT a + 10, b FROM c WHERE a = 9")

    assert json.loads(inserted.headers["x-clickhouse-summary"])["written_rows"] == "2"
    assert curl(face, data=b"SELECT count(), sum(a) FROM c").body == b"10\t64\n"


def test_chunked_upload_streams_into_the_table(face: RunningFace) -> None:
    curl(face, data=b"CREATE TABLE up (a UInt64, text String) ENGINE = MergeTree ORDER BY a")
    rows = b"".join(b"%d\t%s\n" % (n, b"x" * 40) for n in range(100_000))

    answer = curl(face, "/?query=INSERT%20INTO%20up%20FORMAT%20TSV", "-H", "Transfer-Encoding: chunked", data=rows)

    assert answer.status == 200
    assert curl(face, data=b"SELECT count(), sum(a) FROM up").body == b"100000\t4999950000\n"


@pytest.mark.parametrize(
    ("sql", "status", "code"),
    [
        (b"SELECT * FROM nope", 404, "60"),
        (b"SELEC 1", 400, "62"),
        (b"SELECT 1; SELECT 2", 400, "62"),
        (b"", 400, "62"),
        (b"SELECT 1 FORMAT NoSuchFormat", 404, "73"),
        (b"SELECT toUInt8('x')", 400, "6"),
        (b"SELECT {missing:String}", 400, "456"),
    ],
)
def test_errors_have_status_code_and_text(face: RunningFace, sql: bytes, status: int, code: str) -> None:
    answer = curl(face, data=sql)

    assert (answer.status, answer.headers["x-clickhouse-exception-code"]) == (status, code)
    assert answer.body.startswith(b"Code: " + code.encode())


def test_bad_settings_databases_sessions_and_codings_are_refused(face: RunningFace) -> None:
    codes = [
        curl(face, path, *options, data=b"SELECT 1").headers["x-clickhouse-exception-code"]
        for path, options in [
            ("/?no_such_setting=1", ()),
            ("/?a%20b=1", ()),
            ("/?database=nope", ()),
            ("/?session_id=x&session_check=1", ()),
            ("/?session_id=x&session_timeout=99999", ()),
            ("/", ("-H", "Content-Encoding: xz")),
            ("/", ("-H", "Content-Encoding: gzip")),
        ]
    ]

    assert codes == ["115", "115", "81", "372", "374", "89", "354"]


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd", "lz4"])
def test_answers_are_compressed_when_asked(face: RunningFace, coding: str) -> None:
    from deploy.local.clickhouse.compression import decoder_for

    sql = b"SELECT number FROM numbers(300000)"
    options = ("-H", f"Accept-Encoding: {coding}")
    answer = curl(face, "/?enable_http_compression=1", *options, data=sql)
    plain = curl(face, "/", *options, data=sql)

    assert answer.headers["content-encoding"] == coding
    assert "content-encoding" not in plain.headers
    assert decoder_for(coding).decode(answer.body) == plain.body
    assert len(answer.body) < len(plain.body) * 0.7


VALUES = """
    toUInt8(number), toString(number), repeat('long', 20 * (number % 10)), toFixedString('ab', 4), number % 2 = 0,
    toDate(number), toDateTime64(number, 3, 'UTC'), toDecimal128(number, 4), generateUUIDv4(), toIPv6('::1'),
    CAST('a', 'Enum8(\\'a\\' = 1, \\'(,\\' = 2)'), if(number % 2, NULL, toString(number)), [toString(number), ''],
    arrayMap(x -> range(x), range(number % 5)), toLowCardinality(toString(number % 3)), [toLowCardinality('x')],
    CAST(if(number % 2, NULL, 'n'), 'LowCardinality(Nullable(String))'), emptyArrayString(), (1, 'two'),
    CAST((number, toString(number)), 'Tuple(number UInt64, `odd name` String)'), map(toString(number), [number]),
    map(toLowCardinality('k'), (number, toLowCardinality('v'))), (1.5, 2.5)::Point, toIntervalDay(number), NULL, 1e3
"""


@pytest.mark.parametrize("tail", ["numbers(200000) LIMIT 150000", "numbers(1)", "numbers(5) LIMIT 0"])
def test_clients_that_name_their_revision_get_its_blocks(face: RunningFace, tail: str) -> None:
    sql = f"SELECT {VALUES} FROM (SELECT number % 1000 AS number FROM {tail}) SETTINGS max_threads = 1 FORMAT Native"
    sql = sql.replace("generateUUIDv4()", "toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')")
    plain = curl(face, data=sql.encode()).body
    revised = curl(face, "/?client_protocol_version=54460", data=sql.encode()).body

    columns = 26
    assert revised.startswith(b"\x01\x00\x02\xff\xff\xff\xff\x00" + bytes([columns]))
    added = len(revised) - len(plain)
    assert added % (8 + columns) == 0
    assert added >= 8 + columns


def test_types_of_unknown_length_are_refused_by_name(face: RunningFace) -> None:
    answer = curl(face, "/?client_protocol_version=54460", data=b"SELECT sumState(1) FORMAT Native")

    assert answer.headers["x-clickhouse-exception-code"] == "48"
    assert b"AggregateFunction" in answer.body


def test_head_has_headers_alone(face: RunningFace) -> None:
    answer = curl(face, "/?query=SELECT%201", "--head")

    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["x-clickhouse-format"] == "TabSeparated"


LONG_RESULT = "SELECT number FROM numbers(100000000) FORMAT TSV"


def session_is_free(face: RunningFace, session: str) -> bool:
    """Tell whether a request of the session is answered; it waits by itself for one that is just ending."""
    deadline = time.monotonic() + 10
    while (answer := curl(face, f"/?session_id={session}", data=b"SELECT 1")).status != 200:
        if time.monotonic() > deadline:
            return False
    return answer.body == b"1\n"


def test_head_of_a_long_result_gives_its_session_back(face: RunningFace) -> None:
    query = quote(LONG_RESULT)
    answer = curl(face, f"/?session_id=head&query={query}", "--head")

    assert (answer.status, answer.body) == (200, b"")
    assert session_is_free(face, "head")


@pytest.mark.parametrize("read_bytes", [1, 3_000_000])
def test_client_that_leaves_in_mid_result_gives_its_session_back(face: RunningFace, read_bytes: int) -> None:
    request = f"POST /?session_id=left HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(LONG_RESULT)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", face.port), timeout=30) as connection:
        connection.sendall(request.encode() + LONG_RESULT.encode())
        while read_bytes > 0:
            read_bytes -= len(connection.recv(min(read_bytes, 65_536)))

    assert session_is_free(face, "left")


def test_error_in_mid_stream_breaks_the_transfer(face: RunningFace) -> None:
    sql = "SELECT throwIf(number = 700000) FROM numbers(1000000) FORMAT TSV"
    result = subprocess.run(["curl", "-sS", face.url, "-d", sql], capture_output=True, check=False)

    assert result.returncode == 18  # transfer closed with outstanding read data remaining
    assert b"__exception__" in result.stdout
    assert b"Code: 395" in result.stdout


def test_session_in_use_is_locked(face: RunningFace) -> None:
    slow = ["curl", "-sS", f"{face.url}/?session_id=busy", "-d", "SELECT sleep(3)"]
    with subprocess.Popen(slow, stdout=subprocess.PIPE) as first:
        deadline = time.monotonic() + 20
        while not int(curl(face, data=b"SELECT count() FROM system.processes WHERE query LIKE 'SELECT sleep%'").body):
            assert first.poll() is None, "the query ended before it was seen to run"
            assert time.monotonic() < deadline
        second = curl(face, "/?session_id=busy", data=b"SELECT 1")
        first.communicate()

    assert second.headers["x-clickhouse-exception-code"] == "373"


def test_pages_of_other_sites_get_nothing(face: RunningFace) -> None:
    statuses = [
        curl(face, "/?query=SELECT%201", "-H", header).status
        for header in ("Origin: https://elsewhere.example", "Host: elsewhere.example", "Origin: null")
    ]

    assert statuses == [403, 403, 403]
    assert curl(face, "/?query=SELECT%201", "-H", f"Origin: {face.url}").status == 200


def test_it_listens_on_loopback_alone(face: RunningFace) -> None:
    listening = [
        connection.laddr.ip
        for connection in psutil.Process(face.supervisor.pid("clickhouse")).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]

    assert listening == ["127.0.0.1"]


def test_second_process_on_the_same_data_is_told_who_has_it(tmp_path: Path) -> None:
    with running_face(tmp_path) as face:
        command = [
            sys.executable,
            "-m",
            "deploy.local.clickhouse",
            "--data",
            str(tmp_path / "clickhouse"),
            "--port",
            "0",
        ]
        second = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))

        assert second.returncode == 78
        assert f"already open in process {face.supervisor.pid('clickhouse')}" in second.stderr
