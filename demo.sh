#!/usr/bin/env bash
# The main job, start to end, on a generated city: make posts, look at them, train, judge, ask.
# usage: demo.sh POSTPLACE FOLDER      (POSTPLACE: the command to use; FOLDER is made anew)
set -euo pipefail
postplace=$1
demo=$2
rm -rf "$demo"
mkdir -p "$demo"
export POSTPLACE_CACHE="$demo/vectors"
say() { printf '\n\033[1m$ postplace %s\033[0m\n' "$*"; "$postplace" "$@"; }

say synth "$demo/city" --posts 800
say inspect "$demo/city/posts.jsonl"
say train "$demo/city/posts.jsonl" --target place --model mrlf --out "$demo/place"
say train "$demo/city/posts.jsonl" --target category --model sg-mft --out "$demo/category"
say evaluate "$demo/place" "$demo/city/posts.jsonl" --output "$demo/metrics.json"
say predict "$demo/place" "$demo/city/posts.jsonl" --top-k 3 --format geojson --output "$demo/predictions.geojson"
picture=$(find "$demo/city/images" -name '*.jpg' | sort | sed -n 1p)  # not head: it ends the pipe early, which counts as a failure
say predict "$demo/place" --text "waiting for the sunset" --hashtags "weekend river" --image "$picture" --top-k 3
