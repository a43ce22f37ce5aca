from __future__ import annotations

from pathlib import Path

import pytest

from checks.house_rules import BANNED_NAMES, badly_named, breaches, main, too_long
from schemas.topics import CAMERA_EVENTS


def write(root: Path, name: str, lines: int = 1) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x = 1\n" * lines)
    return path


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("services/detect/letterbox.py", 400),
        ("services/detect/detectors/nanodet.py", 400),
        ("services/detect/__main__.py", 40),
        ("services/cli/__main__.py", 400),
        ("benchmarks/peers/bare_consumer.py", 40),
        ("schemas/topics.py", 400),
        ("tests/detect/test_letterbox.py", 500),
        ("tests/conftest.py", 500),
        ("docs/adr/0001-rows.md", 60),
    ],
)
def test_a_file_may_be_as_long_as_its_limit_and_no_longer(tmp_path: Path, name: str, limit: int) -> None:
    write(tmp_path, name, limit)
    assert list(too_long(tmp_path)) == []
    write(tmp_path, name, limit + 1)
    assert list(too_long(tmp_path)) == [f"{name}: {limit + 1} lines, at most {limit} are allowed"]


def test_caches_hidden_folders_and_other_files_have_no_limit(tmp_path: Path) -> None:
    for name in ("services/__pycache__/a.py", "deploy/.cache/a.py", "docs/architecture.md", "schemas/generated/a.json"):
        write(tmp_path, name, 1000)
    assert list(too_long(tmp_path)) == []


@pytest.mark.parametrize("name", sorted(BANNED_NAMES))
def test_a_module_or_folder_without_a_subject_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path, f"services/detect/{name}.py")
    write(tmp_path, f"services/{name}/boxes.py")
    assert {line.split(":")[0] for line in badly_named(tmp_path)} == {f"services/detect/{name}.py", f"services/{name}"}


def test_names_that_merely_contain_a_banned_word_are_let_through(tmp_path: Path) -> None:
    write(tmp_path, "services/detect/base64_grid.py")
    write(tmp_path, "services/detect/score.py")
    assert list(badly_named(tmp_path)) == []


def test_the_command_names_file_line_and_topic_and_exits_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write(tmp_path, "services/detect/pipeline.py")
    assert main([str(tmp_path)]) == 0
    source.write_text(f'\nTOPIC = "{CAMERA_EVENTS.name}"\n')
    assert main([str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    assert f"services/detect/pipeline.py:2: names the topic '{CAMERA_EVENTS.name}'" in printed


def test_schemas_may_name_topics(tmp_path: Path) -> None:
    write(tmp_path, "schemas/topics.py").write_text(f'TOPIC = "{CAMERA_EVENTS.name}"\n')
    assert breaches(tmp_path) == []
