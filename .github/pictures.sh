#!/usr/bin/env bash
# Keeps report/pictures on the branch `report-pictures` of origin, and prints them as Markdown: .github/pictures.sh, in the project's
# folder. GitHub shows pictures by their address alone, and a branch is the only place for them that a workflow has.
set -euo pipefail
branch=report-pictures
export GIT_AUTHOR_NAME=rnnlab GIT_AUTHOR_EMAIL=rnnlab@localhost GIT_COMMITTER_NAME=rnnlab GIT_COMMITTER_EMAIL=rnnlab@localhost
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export GIT_INDEX_FILE=$folder/index # that of the checkout stays as it is
git --work-tree=report/pictures add --force --all .
tree=$(git write-tree)
for attempt in 1 2 3; do # another run may push between the question and the answer
  parent=$(git ls-remote origin "refs/heads/$branch" | cut -f 1)
  [ -z "$parent" ] || git fetch --quiet origin "$parent"
  commit=$(git commit-tree "$tree" ${parent:+-p "$parent"} -m "Pictures of $(git rev-parse --short HEAD)")
  git push --quiet origin "$commit:refs/heads/$branch" && break
  [ "$attempt" -lt 3 ]
done
printf '\n# Pictures\n'
git ls-tree -r --name-only "$tree" | while read -r path; do
  printf '\n**%s**\n\n![%s](%s/%s/raw/%s/%s)\n' "${path%.png}" "${path%.png}" \
    "${GITHUB_SERVER_URL:-https://github.com}" "$GITHUB_REPOSITORY" "$commit" "$path"
done
