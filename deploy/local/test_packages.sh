#!/usr/bin/env bash
# The programs besides Python, Java, Maven and Node that tests need: install them where we may, else name them.
set -euo pipefail

declare -A package_of=([curl]=curl [git]=git [dpkg-deb]=dpkg [tar]=tar)
missing=()
for program in "${!package_of[@]}"; do
  command -v "$program" >/dev/null 2>&1 || missing+=("${package_of[$program]}")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
  printf 'Installing for the tests: %s\n' "${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
else
  printf 'tilik: the tests need these packages: %s. On Debian: apt-get install %s\n' "${missing[*]}" "${missing[*]}" >&2
  exit 1
fi
