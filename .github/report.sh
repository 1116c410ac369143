#!/usr/bin/env bash
# What a change does to the figures, in Markdown: .github/report.sh BASE, in the project's folder, after `make repro`.
set -euo pipefail
base=$(git rev-parse --verify --short "${1:?the commit to compare with}^{commit}")
printf '# Figures against %s\n\n' "$base"
dvc metrics diff --md "$base"
printf '\n# Leaderboard\n\n'
cat metrics/leaderboard.md
