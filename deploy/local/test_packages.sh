#!/usr/bin/env bash
# What tests need besides Python's packages, Java, Maven and Node: install it where we may, else name it.
set -euo pipefail

declare -A package_of=([curl]=curl [git]=git [dpkg-deb]=dpkg [tar]=tar [ffmpeg]=ffmpeg [chromium]=chromium
  [firefox-esr]=firefox-esr)
missing=()
for program in "${!package_of[@]}"; do
  command -v "$program" >/dev/null 2>&1 || missing+=("${package_of[$program]}")
done

# The RTSP server of the tests: what it imports and builds its pipelines of, by the python that it runs under.
gstreamer_is_there() {
  /usr/bin/python3 -W ignore - >/dev/null 2>&1 <<'PYTHON'
import gi
gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstApp, GstRtspServer
Gst.init(None)
elements = "appsrc appsink filesrc qtdemux h264parse h265parse rtph264pay rtph265pay".split()
raise SystemExit(0 if all(Gst.ElementFactory.find(name) for name in elements) else 1)
PYTHON
}
gstreamer_is_there || missing+=(python3-gi gir1.2-gst-plugins-base-1.0 gir1.2-gst-rtsp-server-1.0
  gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad)

# Prometheus' rule checker alone, 48 MB: its package would bring the server as well, and start it.
fetch_promtool() {
  local folder
  folder=$(mktemp -d)
  (cd "$folder" && apt-get download -qq -o APT::Sandbox::User=root prometheus && dpkg-deb -x ./*.deb .)
  install -m 755 "$folder/usr/bin/promtool" /usr/local/bin/promtool
  rm -r "$folder"
}
promtool_is_there() { command -v promtool >/dev/null 2>&1; }
[ ${#missing[@]} -eq 0 ] && promtool_is_there && exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
  printf 'Installing for the tests: %s\n' "${missing[*]:-promtool}"
  apt-get update -qq
  [ ${#missing[@]} -eq 0 ] || DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
  promtool_is_there || fetch_promtool
else
  promtool_is_there || missing+=(prometheus)
  printf 'tilik: the tests need these packages: %s. On Debian: apt-get install %s\n' "${missing[*]}" "${missing[*]}" >&2
  exit 1
fi
